//! The players we are compared with.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    os::unix::net::UnixStream,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};

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

/// Milliseconds from mpv's `loadfile` to its start of playback, for each address.
pub fn mpv_starts(urls: &[String], token: &str, folder: &Path) -> anyhow::Result<Vec<f64>> {
    let socket = folder.join("mpv.sock");
    let child = Command::new("mpv")
        .args(["--no-config", "--idle=yes", "--no-video", "--no-terminal", "--ao=null"])
        .arg(format!("--http-header-fields=Authorization: Bearer {token}"))
        .arg(format!("--input-ipc-server={}", socket.display()))
        .stdin(Stdio::null())
        .spawn()
        .context("mpv is what we are compared with")?;
    let _peer = Peer(child);
    let mut stream = connect(&socket)?;
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let mut times = Vec::new();
    for url in urls {
        let command = serde_json::json!({ "command": ["loadfile", url] });
        let began = Instant::now();
        writeln!(stream, "{command}")?;
        wait_for_line(&mut lines, "\"playback-restart\"")?;
        times.push(began.elapsed().as_secs_f64() * 1000.0);
        writeln!(stream, "{}", serde_json::json!({ "command": ["stop"] }))?;
        wait_for_line(&mut lines, "\"idle\"")?;
    }
    Ok(times)
}

fn wait_for_line(
    lines: &mut impl Iterator<Item = std::io::Result<String>>,
    wanted: &str,
) -> anyhow::Result<()> {
    for line in lines {
        if line?.contains(wanted) {
            return Ok(());
        }
    }
    bail!("the player ended")
}

/// Milliseconds from mpd's `play` of a local file to the first sound in its output.
pub fn mpd_starts(music: &Path, folder: &Path, n: usize) -> anyhow::Result<Vec<f64>> {
    let own = folder.join("mpd");
    fs::create_dir(&own)?;
    let (socket, fifo) = (own.join("socket"), own.join("fifo"));
    let config = own.join("mpd.conf");
    fs::write(
        &config,
        format!(
            // Without a folder of its own it plays any file, and has no index to fill first.
            "bind_to_address \"{}\"\nlog_file \"{}\"\n\
             audio_output {{\n type \"fifo\"\n name \"out\"\n path \"{}\"\n format \"48000:16:2\"\n}}\n",
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
    let _peer = Peer(child);
    let mut stream = connect(&socket)?;
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    wait_for_line(&mut lines, "OK MPD")?;
    let mut order = |command: &str| -> anyhow::Result<()> {
        writeln!(stream, "{command}")?;
        for line in lines.by_ref() {
            let line = line?;
            ensure!(!line.starts_with("ACK"), "mpd: {command}: {line}");
            if line == "OK" {
                return Ok(());
            }
        }
        bail!("mpd ended")
    };
    let mut files: Vec<_> = fs::read_dir(music)?.collect::<Result<Vec<_>, _>>()?;
    files.sort_by_key(fs::DirEntry::file_name);
    for file in files.iter().take(n.min(10)) {
        order(&format!("add \"file://{}\"", file.path().display()))?;
    }
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
    let mut times = Vec::new();
    for index in 0..n {
        // Each file once before, so that its bytes are in the page cache.
        let song = index % n.min(10);
        order("stop")?;
        thread::sleep(Duration::from_millis(150));
        while receive.try_recv().is_ok() {}
        let began = Instant::now();
        order(&format!("play {song}"))?;
        let sound = receive.recv_timeout(PATIENCE).context("mpd made no sound")?;
        if index >= n.min(10) {
            times.push(sound.duration_since(began).as_secs_f64() * 1000.0);
        }
    }
    Ok(times)
}
