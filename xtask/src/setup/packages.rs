//! System packages, by dpkg and apt on Debian and its family; elsewhere they are named.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::Purpose;
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

/// Needed to drive the app in a virtual display and to record what it plays.
const VIRTUAL_WINDOW: &[&str] = &[
    "dbus",
    "dbus-x11",
    "fonts-dejavu-core",
    "libasound2-plugins",
    "pulseaudio",
    "pulseaudio-utils",
    "webkit2gtk-driver",
    "xvfb",
];

/// Needed by the tests only: encoders for every format, real music, a real PostgreSQL.
const TESTS: &[&str] = &[
    "ffmpeg",
    "flac",
    "libsox-fmt-all",
    "opus-tools",
    "postgresql",
    "sox",
    "supertux-data",
    "wesnoth-1.16-music",
    "xdotool",
];

/// What the benchmarks compare with.
const BENCH: &[&str] = &["mpc", "mpd", "mpv"];

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
    let missing: Vec<&str> = wanted.into_iter().filter(|name| !is_installed(name)).collect();
    if missing.is_empty() {
        eprintln!("    all there");
        return Ok(());
    }
    eprintln!("    missing: {}", missing.join(" "));
    install(&missing)
}

fn wanted(purpose: Purpose) -> Vec<&'static str> {
    let lists = [
        (Purpose::Build, BUILD),
        (Purpose::VirtualWindow, VIRTUAL_WINDOW),
        (Purpose::Tests, TESTS),
        (Purpose::Bench, BENCH),
    ];
    let asked = lists.into_iter().filter(|(needed_for, _)| *needed_for <= purpose);
    asked.flat_map(|(_, names)| names.iter().copied()).collect()
}

fn is_installed(package: &str) -> bool {
    Command::new("dpkg-query")
        .args(["--show", "--showformat=${db:Status-Status}", package])
        .stderr(Stdio::null())
        .output()
        .is_ok_and(|output| output.status.success() && output.stdout == b"installed")
}

fn install(missing: &[&str]) -> Result<()> {
    let Some(prefix) = root_prefix() else {
        bail!(
            "this account may not install packages. Run\n\n    sudo apt-get install --yes {}\n\n\
             and start again",
            missing.join(" ")
        );
    };
    let apt = |arguments: &[&str]| {
        let words: Vec<&str> = prefix.iter().chain(["apt-get"].iter()).copied().collect();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        // The package lists of a fresh machine are empty or old; the log goes to the user.
        sh::run(&mut command)
    };
    // An update may fail for one source that has nothing to do with us; the install decides.
    if let Err(error) = apt(&["update", "--quiet"]) {
        eprintln!("    {error:#}");
    }
    let mut arguments = vec!["install", "--yes", "--quiet", "--no-install-recommends"];
    arguments.extend(missing);
    apt(&arguments).with_context(|| {
        format!("install by hand: sudo apt-get install --yes {}", missing.join(" "))
    })
}

/// What to put before a command to run it as root; `None` where that is not possible.
fn root_prefix() -> Option<&'static [&'static str]> {
    let user = Command::new("id").arg("-u").output().ok()?;
    if user.stdout.trim_ascii() == b"0" {
        return Some(&[]);
    }
    let may_sudo = Command::new("sudo")
        .args(["-n", "true"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    may_sudo.then_some(&["sudo", "-n", "DEBIAN_FRONTEND=noninteractive"])
}
