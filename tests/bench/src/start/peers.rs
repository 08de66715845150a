//! The players we are compared with.

use std::{
    fs,
    io::{BufRead as _, BufReader, Lines, Read as _, Write as _},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::Receiver,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};

use super::player::PAUSE;

const PATIENCE: Duration = Duration::from_secs(20);

/// A peer's process; ends with the value.
struct Peer(Child);

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn connect(path: &Path) -> anyhow::Result<UnixStream> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match UnixStream::connect(path) {
            Ok(stream) => {
                stream.set_read_timeout(Some(PATIENCE))?;
                return Ok(stream);
            }
            Err(_) if Instant::now() < deadline => thread::sleep(Duration::from_millis(20)),
            Err(error) => return Err(error).context("the player does not listen"),
        }
    }
}

/// What a peer says on its socket, line by line.
type Talk = Lines<BufReader<UnixStream>>;

fn wait_for_line(lines: &mut Talk, wanted: &str) -> anyhow::Result<()> {
    for line in lines {
        if line?.contains(wanted) {
            return Ok(());
        }
    }
    bail!("the player ended")
}

/// A running mpv without window and sound device.
pub struct Mpv {
    _peer: Peer,
    stream: UnixStream,
    lines: Talk,
}

impl Mpv {
    pub fn start(token: &str, folder: &Path) -> anyhow::Result<Self> {
        let socket = folder.join("mpv.sock");
        let child = Command::new("mpv")
            .args(["--no-config", "--idle=yes", "--no-video", "--no-terminal", "--ao=null"])
            .arg(format!("--http-header-fields=Authorization: Bearer {token}"))
            .arg(format!("--input-ipc-server={}", socket.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .context("mpv is what we are compared with")?;
        let peer = Peer(child);
        let stream = connect(&socket)?;
        let lines = BufReader::new(stream.try_clone()?).lines();
        Ok(Self { _peer: peer, stream, lines })
    }

    /// Milliseconds from `loadfile` to the start of playback, then a listener's pause.
    pub fn time_start(&mut self, url: &str) -> anyhow::Result<f64> {
        let command = serde_json::json!({ "command": ["loadfile", url] });
        let began = Instant::now();
        writeln!(self.stream, "{command}")?;
        wait_for_line(&mut self.lines, "\"playback-restart\"")?;
        let ms = began.elapsed().as_secs_f64() * 1000.0;
        writeln!(self.stream, "{}", serde_json::json!({ "command": ["stop"] }))?;
        wait_for_line(&mut self.lines, "\"idle\"")?;
        thread::sleep(PAUSE);
        Ok(ms)
    }
}

/// A running mpd with a queue of local files, whose output is a pipe.
pub struct Mpd {
    _peer: Peer,
    stream: UnixStream,
    lines: Talk,
    /// When sound came out.
    sounds: Receiver<Instant>,
}

impl Mpd {
    pub fn start(files: &[PathBuf], folder: &Path) -> anyhow::Result<Self> {
        let own = folder.join("mpd");
        fs::create_dir(&own)?;
        let (socket, fifo) = (own.join("socket"), own.join("fifo"));
        let config = own.join("mpd.conf");
        fs::write(
            &config,
            format!(
                // Without a folder of its own it plays any file, and has no index to fill first.
                "bind_to_address \"{}\"\nlog_file \"{}\"\n\
                 audio_output {{\n type \"fifo\"\n name \"out\"\n path \"{}\"\n \
                 format \"48000:16:2\"\n}}\n",
                socket.display(),
                own.join("log").display(),
                fifo.display()
            ),
        )?;
        let child = Command::new("mpd")
            .arg("--no-daemon")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("mpd is what we are compared with")?;
        let peer = Peer(child);
        let stream = connect(&socket)?;
        let mut lines = BufReader::new(stream.try_clone()?).lines();
        wait_for_line(&mut lines, "OK MPD")?;
        let mut mpd = Self { _peer: peer, stream, lines, sounds: listen(fifo) };
        for file in files {
            mpd.order(&format!("add \"file://{}\"", file.display()))?;
        }
        Ok(mpd)
    }

    fn order(&mut self, command: &str) -> anyhow::Result<()> {
        writeln!(self.stream, "{command}")?;
        for line in self.lines.by_ref() {
            let line = line?;
            ensure!(!line.starts_with("ACK"), "mpd: {command}: {line}");
            if line == "OK" {
                return Ok(());
            }
        }
        bail!("mpd ended")
    }

    /// Milliseconds from `play` to the first sound, then a listener's pause.
    pub fn time_start(&mut self, song: usize) -> anyhow::Result<f64> {
        while self.sounds.try_recv().is_ok() {}
        let began = Instant::now();
        self.order(&format!("play {song}"))?;
        let sound = self.sounds.recv_timeout(PATIENCE).context("mpd made no sound")?;
        self.order("stop")?;
        thread::sleep(PAUSE);
        Ok(sound.duration_since(began).as_secs_f64() * 1000.0)
    }
}

/// Tells of every piece that comes out of a pipe and is not silence.
fn listen(fifo: PathBuf) -> Receiver<Instant> {
    let (send, receive) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let Ok(mut fifo) = fs::File::open(fifo) else { return };
        let mut piece = [0; 512];
        while let Ok(n @ 1..) = fifo.read(&mut piece) {
            let is_sound =
                piece[..n].chunks_exact(2).any(|s| i16::from_le_bytes([s[0], s[1]]).abs() > 3);
            if is_sound && send.send(Instant::now()).is_err() {
                return;
            }
        }
    });
    receive
}
