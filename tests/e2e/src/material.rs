//! Music to test with: real files from the system's packages, cut and coded in every format by
//! tools that are not ours.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::process;

/// How a file is coded: the name of its title, its extension, the arguments for ffmpeg.
pub struct Format {
    pub name: &'static str,
    pub extension: &'static str,
    coder: &'static [&'static str],
    pub is_lossless: bool,
}

/// Every format that an import takes.
pub const FORMATS: &[Format] = &[
    format("Flac", "flac", &["-c:a", "flac"], true),
    format("Wave", "wav", &["-c:a", "pcm_s16le"], true),
    format("Aiff", "aiff", &["-c:a", "pcm_s16be", "-write_id3v2", "1"], true),
    format("Alac", "m4a", &["-c:a", "alac"], true),
    format("Mpeg", "mp3", &["-c:a", "libmp3lame", "-b:a", "256k"], false),
    format("Vorbis", "ogg", &["-c:a", "libvorbis", "-q:a", "7"], false),
    format("Opus", "opus", &["-c:a", "libopus", "-b:a", "160k"], false),
    format("Advanced", "m4a", &["-c:a", "aac", "-b:a", "256k"], false),
];

const fn format(
    name: &'static str,
    extension: &'static str,
    coder: &'static [&'static str],
    is_lossless: bool,
) -> Format {
    Format { name, extension, coder, is_lossless }
}

/// Who made what the tests listen to.
pub const ARTIST: &str = "Wesnoth Orchestra";

/// A long piece that comes with a package.
pub fn packaged() -> Result<PathBuf> {
    let folders = ["/usr/share/games/wesnoth", "/usr/share/games/supertux2/music"];
    let mut largest: Option<(u64, PathBuf)> = None;
    let mut pending: Vec<PathBuf> = folders.map(PathBuf::from).to_vec();
    while let Some(dir) = pending.pop() {
        let Ok(entries) = fs::read_dir(&dir) else { continue };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() {
                pending.push(path);
            } else if path.extension().is_some_and(|extension| extension == "ogg") {
                let size = entry.metadata()?.len();
                if largest.as_ref().is_none_or(|(most, found)| (size, &path) > (*most, found)) {
                    largest = Some((size, path));
                }
            }
        }
    }
    largest.map(|(_, path)| path).context("no music on this machine: run `cargo xtask setup`")
}

/// One track per format, all of the same 40 s, into `{dir}/Formats`.
pub fn write_formats(dir: &Path) -> Result<Vec<PathBuf>> {
    let source = packaged()?;
    let folder = dir.join("Formats");
    fs::create_dir_all(&folder)?;
    let mut files = Vec::new();
    for (format, number) in FORMATS.iter().zip(1..) {
        let path = folder.join(format!("{number:02} {}.{}", format.name, format.extension));
        let mut cut = Cut::of(&source, &path);
        cut.title = format.name;
        cut.release = "Formats";
        cut.number = number;
        cut.start_s = 10.0;
        cut.length_s = 40.0;
        cut.make(format.coder)?;
        files.push(path);
    }
    Ok(files)
}

/// Two tracks that were one: what plays through the seam must have none.
pub fn write_gapless_pair(dir: &Path) -> Result<[PathBuf; 2]> {
    let source = packaged()?;
    let folder = dir.join("Seamless");
    fs::create_dir_all(&folder)?;
    let halves = [("First Half", 20.0, 14.0), ("Second Half", 34.0, 20.0)];
    let mut files = Vec::new();
    for ((title, start_s, length_s), number) in halves.into_iter().zip(1..) {
        let path = folder.join(format!("{number:02} {title}.flac"));
        let mut cut = Cut::of(&source, &path);
        cut.title = title;
        cut.release = "Seamless";
        cut.number = number;
        cut.start_s = start_s;
        cut.length_s = length_s;
        cut.make(&["-c:a", "flac"])?;
        files.push(path);
    }
    files.try_into().map_err(|_| anyhow::anyhow!("a pair has two halves"))
}

/// A part of a file as a file with tags.
struct Cut<'a> {
    source: &'a Path,
    to: &'a Path,
    title: &'a str,
    release: &'a str,
    number: u32,
    start_s: f64,
    length_s: f64,
}

impl<'a> Cut<'a> {
    fn of(source: &'a Path, to: &'a Path) -> Self {
        Self { source, to, title: "", release: "", number: 1, start_s: 0.0, length_s: 1.0 }
    }

    fn make(&self, coder: &[&str]) -> Result<()> {
        let mut command = Command::new("ffmpeg");
        command
            .args(["-v", "error", "-y", "-i"])
            .arg(self.source)
            // By samples, so that two cuts meet exactly.
            .args([
                "-af",
                &format!(
                    "aresample=44100,atrim=start_sample={}:end_sample={},asetpts=PTS-STARTPTS",
                    (self.start_s * 44_100.0) as u64,
                    ((self.start_s + self.length_s) * 44_100.0) as u64
                ),
            ])
            .args(["-ac", "2", "-ar", "44100", "-map_metadata", "-1", "-vn"]);
        if self.to.extension().is_some_and(|extension| extension == "opus") {
            command.args(["-ar", "48000"]);
        }
        for (key, value) in [
            ("title", self.title),
            ("artist", ARTIST),
            ("album_artist", ARTIST),
            ("album", self.release),
            ("track", &self.number.to_string()),
        ] {
            command.arg("-metadata").arg(format!("{key}={value}"));
        }
        process::run(command.args(coder).arg(self.to)).map(drop)
    }
}
