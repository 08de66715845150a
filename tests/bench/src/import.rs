//! Importing a library: beside ffmpeg decoding and measuring the same files with as many
//! processes, beside mpd reading twenty thousand small tagged ones, and a second time.
//!
//! mpd reads tags only, where the import also decodes and measures each file: the comparison is
//! by what a listener waits for until the library is there.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use clap::Args;

use crate::report::{Limit, Report};

/// Formats that each piece of music is measured in, and ffmpeg's options for them.
const FORMATS: [(&str, &str); 5] = [
    ("ogg", "-c:a libvorbis -q:a 5"),
    ("mp3", "-c:a libmp3lame -b:a 192k"),
    ("flac", "-c:a flac -sample_fmt s16"),
    ("opus", "-c:a libopus -b:a 128k"),
    ("m4a", "-c:a aac -b:a 192k"),
];
/// Rounds of the comparisons; the fastest of each side counts.
const N_ROUNDS: usize = 2;
/// How often mpd is asked whether it is ready.
const MPD_STEP: Duration = Duration::from_millis(5);

#[derive(Args)]
pub struct Options {
    /// Folder of Ogg Vorbis files to measure with.
    #[arg(long, default_value = "/usr/share/games/supertux2/music")]
    music: PathBuf,
    /// Pieces taken from there, the largest first.
    #[arg(long, default_value_t = 8)]
    pieces: usize,
    /// Small files for the comparison with mpd.
    #[arg(long, default_value_t = 20_000)]
    files: usize,
}

pub fn run(options: &Options) -> anyhow::Result<Report> {
    let server = std::env::current_exe()?.with_file_name("melodyud-server");
    ensure!(server.exists(), "{} is not built", server.display());
    let n_cores = thread::available_parallelism()?.get();
    let folder = tempfile::tempdir()?;
    let mut report = Report::new("import");

    let library = folder.path().join("library");
    let (files, seconds) = make_library(options, &library, n_cores)?;
    report.condition(
        "library",
        format!("{} files, {:.0} minutes, {} formats", files.len(), seconds / 60.0, FORMATS.len()),
    );
    report.condition(
        "processes",
        format!("{n_cores} each; {N_ROUNDS} rounds in turn with ffmpeg, the fastest of each"),
    );
    let (mut ours, mut ffmpeg) = (Duration::MAX, Duration::MAX);
    for round in 0..N_ROUNDS {
        let data = folder.path().join(format!("data{round}"));
        ours = ours.min(import(&server, &library, &data)?);
        ffmpeg = ffmpeg.min(ffmpeg_all(&files, n_cores)?);
    }
    report.figure("tracks_per_s", files.len() as f64 / ours.as_secs_f64());
    report.figure("realtime_x", seconds / ours.as_secs_f64());
    report.figure("ffmpeg_realtime_x", seconds / ffmpeg.as_secs_f64());
    report.limited("vs_ffmpeg", ffmpeg.as_secs_f64() / ours.as_secs_f64(), Limit::AtLeast(1.0));

    let small = folder.path().join("small");
    make_small(options.files, &small)?;
    report.condition(
        "small files",
        format!(
            "{} MP3 of half a second with tags; {N_ROUNDS} rounds in turn into empty folders, the \
             fastest of each; ours from the start of the process to its end, mpd from its start \
             until its first and only scan is over and all are in its database",
            options.files
        ),
    );
    let (mut first, mut second, mut mpd) = (Duration::MAX, Duration::MAX, Duration::MAX);
    for round in 0..N_ROUNDS {
        let data = folder.path().join(format!("data-small{round}"));
        first = first.min(import(&server, &small, &data)?);
        mpd =
            mpd.min(mpd_update(&small, &folder.path().join(format!("mpd{round}")), options.files)?);
        second = second.min(import(&server, &small, &data)?);
    }
    let per_s = options.files as f64 / first.as_secs_f64();
    report.figure("files_per_s", per_s);
    report.figure("mpd_files_per_s", options.files as f64 / mpd.as_secs_f64());
    report.limited("vs_mpd", mpd.as_secs_f64() / first.as_secs_f64(), Limit::AtLeast(1.0));
    report.limited("rescan_x", first.as_secs_f64() / second.as_secs_f64(), Limit::AtLeast(20.0));
    Ok(report)
}

/// One run of the server's `import`, process start and end included.
fn import(server: &Path, library: &Path, data: &Path) -> anyhow::Result<Duration> {
    let start = Instant::now();
    let done = Command::new(server).arg("import").arg("--data").arg(data).arg(library).output()?;
    let taken = start.elapsed();
    ensure!(done.status.success(), "import: {}", String::from_utf8_lossy(&done.stderr));
    Ok(taken)
}

/// Every piece in every format; answers with the files and their length in seconds.
fn make_library(
    options: &Options,
    library: &Path,
    n_processes: usize,
) -> anyhow::Result<(Vec<PathBuf>, f64)> {
    let mut pieces = Vec::new();
    find(&options.music, &mut pieces)?;
    pieces.sort();
    pieces.reverse();
    pieces.truncate(options.pieces);
    ensure!(!pieces.is_empty(), "there is no music in {}", options.music.display());
    let mut jobs = Vec::new();
    for (_, piece) in &pieces {
        let name = piece.file_stem().context("found by its name")?;
        for (extension, arguments) in FORMATS {
            let target = library.join(extension).join(name).with_extension(extension);
            std::fs::create_dir_all(library.join(extension))?;
            jobs.push((piece.clone(), arguments, target));
        }
    }
    in_parallel(&jobs, n_processes, |(piece, arguments, target)| {
        ffmpeg(|command| {
            command.arg("-i").arg(piece).args(["-map", "0:a", "-map_metadata", "0:s:0"]);
            command.args(arguments.split(' ')).arg(target);
        })
    })?;
    let mut seconds = 0.0;
    for (_, piece) in &pieces {
        seconds += duration_s(piece)? * FORMATS.len() as f64;
    }
    Ok((jobs.into_iter().map(|(_, _, target)| target).collect(), seconds))
}

/// Ogg files below a folder, with their sizes.
fn find(folder: &Path, found: &mut Vec<(u64, PathBuf)>) -> anyhow::Result<()> {
    let entries = std::fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            find(&path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "ogg") {
            found.push((entry.metadata()?.len(), path));
        }
    }
    Ok(())
}

fn duration_s(path: &Path) -> anyhow::Result<f64> {
    let done = Command::new("ffprobe")
        .args(["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0"])
        .arg(path)
        .output()
        .context("ffprobe")?;
    Ok(String::from_utf8_lossy(&done.stdout).trim().parse()?)
}

/// Decodes and measures every file with ffmpeg.
fn ffmpeg_all(files: &[PathBuf], n_processes: usize) -> anyhow::Result<Duration> {
    let start = Instant::now();
    in_parallel(files, n_processes, |file| {
        ffmpeg(|command| {
            command.args(["-threads", "1", "-i"]).arg(file);
            command.args(["-map", "0:a", "-af", "ebur128=peak=true", "-f", "null", "-"]);
        })
    })?;
    Ok(start.elapsed())
}

fn ffmpeg(arguments: impl FnOnce(&mut Command)) -> anyhow::Result<()> {
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-v", "error", "-nostdin", "-y"]);
    arguments(&mut command);
    let done = command.output().context("ffmpeg")?;
    ensure!(done.status.success(), "ffmpeg: {}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}

fn in_parallel<T: Sync>(
    jobs: &[T],
    n_processes: usize,
    work: impl Fn(&T) -> anyhow::Result<()> + Sync,
) -> anyhow::Result<()> {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let one = || -> anyhow::Result<()> {
            while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                work(job)?;
            }
            Ok(())
        };
        let threads: Vec<_> = (0..n_processes).map(|_| scope.spawn(one)).collect();
        for thread in threads {
            match thread.join() {
                Ok(result) => result?,
                Err(_) => bail!("a thread broke down"),
            }
        }
        Ok(())
    })
}

/// Half a second of tone in MP3, each with tags of its own: twelve to a release.
fn make_small(n_files: usize, folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)?;
    let template = folder.with_extension("mp3");
    ffmpeg(|command| {
        command.args(["-f", "lavfi", "-i", "sine=frequency=440:duration=0.5:sample_rate=44100"]);
        command.args(["-map_metadata", "-1", "-id3v2_version", "0", "-b:a", "64k"]).arg(&template);
    })?;
    let sound = std::fs::read(&template)?;
    for idx in 0..n_files {
        let (artist, release, track) = (idx / 120, idx / 12, idx % 12 + 1);
        let tag = id3v2(&[
            ("TIT2", format!("Piece {idx}")),
            ("TPE1", format!("Artist {artist}")),
            ("TALB", format!("Release {release}")),
            ("TRCK", format!("{track}/12")),
            ("TCON", "Electronic".to_owned()),
            ("TDRC", (1970 + idx % 50).to_string()),
        ]);
        let place = folder.join(format!("artist{artist}/release{release}"));
        if track == 1 {
            std::fs::create_dir_all(&place)?;
        }
        std::fs::write(place.join(format!("{track:02}.mp3")), [tag, sound.clone()].concat())?;
    }
    Ok(())
}

/// A tag after ID3v2.4 with text frames in UTF-8.
fn id3v2(frames: &[(&str, String)]) -> Vec<u8> {
    let synchsafe = |n: usize| [21, 14, 7, 0].map(|shift| (n >> shift) as u8 & 0x7f);
    let mut body = Vec::new();
    for (id, text) in frames {
        body.extend_from_slice(id.as_bytes());
        body.extend(synchsafe(text.len() + 1));
        body.extend([0, 0, 3]);
        body.extend_from_slice(text.as_bytes());
    }
    [b"ID3\x04\0\0".to_vec(), synchsafe(body.len()).to_vec(), body].concat()
}

/// A running mpd, ended when dropped.
struct Mpd(Child);

impl Drop for Mpd {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// How long mpd takes to read the folder into an empty database.
fn mpd_update(music: &Path, folder: &Path, n_files: usize) -> anyhow::Result<Duration> {
    std::fs::create_dir_all(folder)?;
    let socket = folder.join("socket");
    let configuration = folder.join("mpd.conf");
    std::fs::write(
        &configuration,
        format!(
            "music_directory \"{}\"\ndb_file \"{}\"\nbind_to_address \"{}\"\nauto_update \"no\"\n\
             audio_output {{\n type \"null\"\n name \"null\"\n}}\n",
            music.display(),
            folder.join("database").display(),
            socket.display(),
        ),
    )?;
    // Without a database mpd begins to read as soon as it runs: its start counts, as ours does.
    // Asked to update as well, it would read everything once more.
    let start = Instant::now();
    let mpd = Command::new("mpd")
        .arg("--no-daemon")
        .arg(&configuration)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("mpd")?;
    let _mpd = Mpd(mpd);
    let mut stream = loop {
        match UnixStream::connect(&socket) {
            Ok(stream) => break stream,
            Err(_) if start.elapsed() < Duration::from_secs(30) => thread::sleep(MPD_STEP),
            Err(error) => return Err(error).context("mpd does not start"),
        }
    };
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    // It greets first.
    lines.next().context("mpd ended")??;
    let mut ask = |command: &str| -> anyhow::Result<Vec<String>> {
        writeln!(stream, "{command}")?;
        let answer =
            lines.by_ref().take_while(|line| line.as_ref().map_or(true, |line| line != "OK"));
        Ok(answer.collect::<Result<_, _>>()?)
    };
    while ask("status")?.iter().any(|line| line.starts_with("updating_db:")) {
        thread::sleep(MPD_STEP);
    }
    let taken = start.elapsed();
    let songs = format!("songs: {n_files}");
    let stats = ask("stats")?;
    ensure!(stats.contains(&songs), "mpd has not read {n_files} files: {stats:?}");
    Ok(taken)
}
