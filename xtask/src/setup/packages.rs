//! System packages, by dpkg and apt on Debian and its family; elsewhere they are named.

use std::{
    io::{self, IsTerminal as _},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use super::{Purpose, node};
use crate::sh;

/// Needed to compile the server and the app.
const BUILD: &[&str] = &[
    "build-essential",
    "cmake",
    "pkg-config",
    "libasound2-dev",
    "libwebkit2gtk-4.1-dev",
    "libgtk-3-dev",
    "libayatana-appindicator3-dev",
];

/// Needed to drive the app in a virtual display and to compare what it plays with the source.
const VIRTUAL_WINDOW: &[&str] = &[
    "dbus",
    "ffmpeg",
    "fonts-dejavu-core",
    "libasound2-plugins",
    "procps",
    "pulseaudio",
    "pulseaudio-utils",
    "webkit2gtk-driver",
    "xvfb",
];

/// Needed by the tests only: a real browser with an authenticator, a real keyring, real music, a
/// second coder beside ffmpeg, a real PostgreSQL.
const TESTS: &[&str] =
    &["chromium", "chromium-driver", "gnome-keyring", "postgresql", "sox", "supertux-data"];

/// What the benchmarks compare with.
const BENCH: &[&str] = &["mpd", "mpv"];

/// Makes sure that all packages for the purpose are installed.
pub fn ensure(purpose: Purpose) -> Result<()> {
    if !cfg!(target_os = "linux") {
        eprintln!("    not Linux: the compiler's own tools and a webview are expected to be there");
        return Ok(());
    }
    let wanted = wanted(purpose);
    if !sh::is_on_path("dpkg-query") {
        eprintln!("    not a Debian family system: nothing can be installed from here.");
        eprintln!("    The build needs your distribution's equivalents of: {}", wanted.join(" "));
        return Ok(());
    }
    let missing = missing(wanted);
    if missing.is_empty() {
        eprintln!("    all there");
        return Ok(());
    }
    eprintln!("    missing: {}", missing.join(" "));
    let Some(prefix) = root_prefix() else {
        // With those that the tests will want, so that asking once is enough.
        let all = self::missing(self::wanted(purpose.max(Purpose::Tests)));
        bail!(
            "this account may not install packages. Run\n\n    {}\n\nand start again",
            by_hand(&all)
        );
    };
    install(prefix, &missing)
}

fn missing(wanted: Vec<&'static str>) -> Vec<&'static str> {
    wanted.into_iter().filter(|name| !is_installed(name)).collect()
}

fn wanted(purpose: Purpose) -> Vec<&'static str> {
    let lists = [
        (Purpose::Build, BUILD),
        (Purpose::VirtualWindow, VIRTUAL_WINDOW),
        (Purpose::Tests, TESTS),
        (Purpose::Bench, BENCH),
    ];
    let asked = lists.into_iter().filter(|(needed_for, _)| *needed_for <= purpose);
    let mut names: Vec<_> = asked.flat_map(|(_, names)| names.iter().copied()).collect();
    if purpose >= Purpose::Tests {
        names.extend(node::system_packages());
    }
    names
}

fn is_installed(package: &str) -> bool {
    Command::new("dpkg-query")
        .args(["--show", "--showformat=${db:Status-Status}", package])
        .stderr(Stdio::null())
        .output()
        .is_ok_and(|output| output.status.success() && output.stdout == b"installed")
}

fn by_hand(packages: &[&str]) -> String {
    format!("sudo apt-get install --yes --no-install-recommends {}", packages.join(" "))
}

fn install(prefix: &[&str], missing: &[&str]) -> Result<()> {
    let apt = |arguments: &[&str]| {
        let words: Vec<&str> = prefix.iter().chain(["apt-get"].iter()).copied().collect();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        sh::prepare(&mut command)
    };
    // The package lists of a fresh machine are empty or old. An update may fail for one source
    // that has nothing to do with us; the install decides.
    if let Err(error) = apt(&["update", "--quiet"]) {
        eprintln!("    {error:#}");
    }
    let removed = removed_by(missing)?;
    if !removed.is_empty() {
        bail!(
            "{} cannot be installed beside {}, which this machine has. Nothing was changed. Start \
             this in a container or a virtual machine, or decide for the others and run\n\n    {}",
            missing.join(" "),
            removed.join(" "),
            by_hand(missing)
        );
    }
    // What was only found by trying must not be done either, should it have changed meanwhile.
    let mut arguments =
        vec!["install", "--yes", "--quiet", "--no-install-recommends", "--no-remove"];
    arguments.extend(missing);
    apt(&arguments).with_context(|| format!("install by hand: {}", by_hand(missing)))
}

/// Packages of the machine that would have to go: PipeWire's stand-in for ALSA, say, for
/// PulseAudio.
fn removed_by(missing: &[&str]) -> Result<Vec<String>> {
    let mut simulation = Command::new("apt-get");
    simulation.args(["install", "--simulate", "--no-install-recommends"]).args(missing);
    let planned = sh::output(simulation.env("LC_ALL", "C"))
        .with_context(|| format!("apt finds no way to install {}", missing.join(" ")))?;
    Ok(removals(&planned))
}

/// The packages in the `Remv` lines of what apt would do.
fn removals(planned: &str) -> Vec<String> {
    let lines = planned.lines().filter_map(|line| line.strip_prefix("Remv "));
    lines.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

/// What to put before a command to run it as root; `None` where that is not possible.
fn root_prefix() -> Option<&'static [&'static str]> {
    let user = Command::new("id").arg("-u").output().ok()?;
    if user.stdout.trim_ascii() == b"0" {
        return Some(&[]);
    }
    let may_without_password = Command::new("sudo")
        .args(["-n", "true"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if may_without_password {
        return Some(&["sudo", "-n", "DEBIAN_FRONTEND=noninteractive"]);
    }
    // Someone is there to be asked for the password.
    let may_ask = sh::is_on_path("sudo") && io::stdin().is_terminal();
    may_ask.then_some(&["sudo", "DEBIAN_FRONTEND=noninteractive"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_apt_would_remove_is_read_from_its_plan() {
        let planned = "Reading package lists...\n\
                       The following packages will be REMOVED:\n  pipewire-alsa\n\
                       Remv pipewire-alsa [0.3.65-3]\n\
                       Inst pulseaudio (16.1+dfsg1-2+b1 Debian:12.11/stable [amd64])\n\
                       Conf pulseaudio (16.1+dfsg1-2+b1 Debian:12.11/stable [amd64])\n";
        assert_eq!(removals(planned), ["pipewire-alsa"]);
    }

    #[test]
    fn each_purpose_includes_the_ones_before_it() {
        let demo = wanted(Purpose::VirtualWindow);
        // The demo compares what it records with the source.
        assert!(demo.contains(&"ffmpeg") && demo.contains(&"cmake"), "{demo:?}");
        assert!(demo.iter().all(|name| wanted(Purpose::Tests).contains(name)));
    }
}
