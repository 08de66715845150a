//! A private desktop: virtual display, session bus, and a sound server with one null sink.

use std::{
    env,
    ffi::OsString,
    fs,
    io::{BufRead, BufReader, Read},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard};

use crate::process::{self, Process};

/// Name of the only sound output.
pub const SINK: &str = "melodyud";

pub const SAMPLE_RATE_HZ: u32 = 44_100;

/// Sound happens in real time: two desktops at once would starve each other.
static ALONE: Mutex<()> = Mutex::const_new(());

const START_LIMIT: Duration = Duration::from_mins(1);

/// A session bus that starts no service by itself: a keyring that nobody can unlock would wait for
/// a person.
const BUS_CONFIG: &str = "<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen>\
    <policy context=\"default\"><allow send_destination=\"*\" eavesdrop=\"true\"/>\
    <allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>";

/// Takes the place of whatever would open an address: what is to be opened is written down.
const BROWSER: &str = "#!/bin/sh\nfor address; do :; done\n\
    printf '%s\\n' \"$address\" >> \"$XDG_RUNTIME_DIR/opened\"\n";

/// Whether the desktop has a sound output.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SoundOutput {
    NullSink,
    /// A machine without any sound device.
    None,
}

/// Display, bus and sound, all ended when this is dropped.
pub struct Desktop {
    display: String,
    bus_address: String,
    pulse: Option<Process>,
    _xvfb: Guard,
    _bus: Guard,
    dir: TempDir,
    _alone: MutexGuard<'static, ()>,
}

impl Desktop {
    /// Starts one; waits while another of this process is there.
    pub async fn start(output: SoundOutput) -> Result<Self> {
        let alone = ALONE.lock().await;
        let dir = tempfile::Builder::new().prefix("melodyud-desktop").tempdir()?;
        let (xvfb, number) = first_line(Command::new("Xvfb").args([
            "-displayfd",
            "1",
            "-screen",
            "0",
            "1600x1000x24",
            "-nolisten",
            "tcp",
        ]))
        .context("start the virtual display (package xvfb)")?;
        let bus_config = dir.path().join("bus.conf");
        fs::write(&bus_config, BUS_CONFIG)?;
        let (bus, bus_address) = first_line(
            Command::new("dbus-daemon")
                .args(["--nofork", "--nopidfile", "--print-address", "--config-file"])
                .arg(&bus_config),
        )
        .context("start the session bus (package dbus)")?;
        let mut desktop = Self {
            display: format!(":{number}"),
            bus_address,
            pulse: None,
            _xvfb: xvfb,
            _bus: bus,
            dir,
            _alone: alone,
        };
        desktop.write_browser()?;
        desktop.write_user_dirs()?;
        desktop.write_sound_config(output)?;
        if output == SoundOutput::NullSink {
            desktop.start_sound()?;
        }
        Ok(desktop)
    }

    /// Where logs and everything else of this desktop lies.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Makes a command run on this desktop and see nothing of the user's own.
    pub fn dress<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        let dir = self.dir();
        command
            .env("DISPLAY", &self.display)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus_address)
            .env("PATH", self.path())
            .env("XDG_RUNTIME_DIR", dir)
            .env("XDG_CONFIG_HOME", dir.join("config"))
            .env("XDG_DATA_HOME", dir.join("share"))
            .env("XDG_CACHE_HOME", dir.join("cache"))
            .env("PULSE_SERVER", self.pulse_server())
            .env("ALSA_CONFIG_PATH", dir.join("asound.conf"))
            .env("GDK_BACKEND", "x11")
            .env("NO_AT_BRIDGE", "1")
            .env_remove("WAYLAND_DISPLAY")
    }

    /// What the system's browser was to open so far, the latest last.
    pub fn opened(&self) -> Vec<String> {
        let opened = fs::read_to_string(self.dir().join("opened")).unwrap_or_default();
        opened.lines().map(str::to_owned).collect()
    }

    /// Where what is saved on this desktop goes.
    pub fn downloads(&self) -> PathBuf {
        self.dir().join("downloads")
    }

    /// What is saved must not land among the files of whoever runs this.
    fn write_user_dirs(&self) -> Result<()> {
        let config = self.dir().join("config");
        fs::create_dir_all(&config)?;
        fs::create_dir_all(self.downloads())?;
        let line = format!("XDG_DOWNLOAD_DIR=\"{}\"\n", self.downloads().display());
        Ok(fs::write(config.join("user-dirs.dirs"), line)?)
    }

    fn write_browser(&self) -> Result<()> {
        let dir = self.dir().join("bin");
        fs::create_dir(&dir)?;
        let script = dir.join("xdg-open");
        fs::write(&script, BROWSER)?;
        fs::set_permissions(script, fs::Permissions::from_mode(0o755))?;
        Ok(())
    }

    fn path(&self) -> OsString {
        let mut path = self.dir().join("bin").into_os_string();
        if let Some(usual) = env::var_os("PATH") {
            path.push(":");
            path.push(usual);
        }
        path
    }

    /// Address of the sound server.
    pub fn pulse_server(&self) -> String {
        format!("unix:{}", self.pulse_socket().display())
    }

    fn pulse_socket(&self) -> PathBuf {
        self.dir().join("pulse.socket")
    }

    fn write_sound_config(&self, output: SoundOutput) -> Result<()> {
        let default = match output {
            SoundOutput::NullSink => {
                "</usr/share/alsa/alsa.conf>\n\
                 pcm.!default { type pulse hint { show on description \"Default\" } }\n\
                 ctl.!default { type pulse }\n"
            }
            SoundOutput::None => "",
        };
        fs::write(self.dir().join("asound.conf"), default)?;
        Ok(())
    }

    fn start_sound(&mut self) -> Result<()> {
        let socket = self.pulse_socket();
        let mut command = Command::new("pulseaudio");
        self.dress(&mut command)
            .args(["-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"])
            .arg(format!("--load=module-native-protocol-unix auth-anonymous=1 socket={}", socket.display()))
            .arg(format!("--load=module-null-sink sink_name={SINK} rate={SAMPLE_RATE_HZ} channels=2 format=s16le"))
            .env_remove("PULSE_SERVER");
        let mut pulse = Process::start("pulseaudio", &mut command, self.dir())?;
        let until = Instant::now() + START_LIMIT;
        while !self.has_sink() {
            pulse.check_alive()?;
            if Instant::now() > until {
                bail!("the sound server has no sink:\n{}", pulse.log_tail());
            }
            thread::sleep(Duration::from_millis(30));
        }
        self.pulse = Some(pulse);
        Ok(())
    }

    fn has_sink(&self) -> bool {
        self.pulse_socket().exists()
            && process::run(Command::new("pactl").args([
                "--server",
                &self.pulse_server(),
                "list",
                "short",
                "sinks",
            ]))
            .is_ok_and(|sinks| String::from_utf8_lossy(&sinks).contains(SINK))
    }
}

/// Ended with its owner.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a server that prints where it is found on one line.
fn first_line(command: &mut Command) -> Result<(Guard, String)> {
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let stdout = child.stdout.take().context("its output is piped")?;
    let guard = Guard(child);
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        let read = stdout.read_line(&mut line).map(|_| line);
        // The receiver may have given up.
        let _ = send.send(read);
        // Kept open and drained, so that it never blocks or dies on its own output.
        let _ = stdout.read_to_end(&mut Vec::new());
    });
    let line = receive.recv_timeout(START_LIMIT).context("it said nothing in time")??;
    let line = line.trim().to_owned();
    if line.is_empty() {
        bail!("it ended at once");
    }
    Ok((guard, line))
}
