//! Music to test with: real music from one of the system's packages, cut by samples and coded in
//! every format by tools that are not ours.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::process;

/// A way to code a file: the name of its title, its extension, the tool.
pub struct Format {
    pub name: &'static str,
    pub extension: &'static str,
    coder: Coder,
}

/// A tool with its arguments. Two, so that no reader is right about one of them only.
#[derive(Clone, Copy)]
enum Coder {
    Ffmpeg(&'static [&'static str]),
    Sox(&'static [&'static str]),
}

use Coder::{Ffmpeg, Sox};

/// Every format that an import takes.
pub const FORMATS: &[Format] = &[
    format("Flac", "flac", Sox(&["-C", "8"])),
    format("Wave", "wav", WAVE),
    format("Aiff", "aiff", Ffmpeg(&["-c:a", "pcm_s16be", "-write_id3v2", "1"])),
    format("Alac", "m4a", Ffmpeg(&["-c:a", "alac"])),
    format("Mpeg", "mp3", Ffmpeg(&["-c:a", "libmp3lame", "-b:a", "256k"])),
    format("Vorbis", "ogg", Sox(&["-C", "7"])),
    format("Opus", "opus", Ffmpeg(&["-c:a", "libopus", "-b:a", "160k"])),
    format("Advanced", "m4a", Ffmpeg(&["-c:a", "aac", "-b:a", "256k"])),
];

const WAVE: Coder = Ffmpeg(&["-c:a", "pcm_s16le"]);
const FLAC: Coder = Ffmpeg(&["-c:a", "flac"]);

const fn format(name: &'static str, extension: &'static str, coder: Coder) -> Format {
    Format { name, extension, coder }
}

/// Who made what the tests listen to.
const ARTIST: &str = "The Penguins";

/// The longest piece that comes with the package `supertux-data`.
fn packaged() -> Result<PathBuf> {
    let mut largest: Option<(u64, PathBuf)> = None;
    let mut pending = vec![PathBuf::from("/usr/share/games/supertux2/music")];
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
    let cuts = FORMATS.iter().map(|format| Cut {
        title: format.name,
        extension: format.extension,
        coder: format.coder,
        start_s: 10.0,
        length_s: 40.0,
    });
    write_release(dir, "Formats", cuts)
}

/// Two tracks that were one: what plays through the seam must have none.
pub fn write_gapless_pair(dir: &Path) -> Result<[PathBuf; 2]> {
    let half =
        |title, start_s, length_s| Cut { title, extension: "flac", coder: FLAC, start_s, length_s };
    let halves = [half("First Half", 20.0, 14.0), half("Second Half", 34.0, 20.0)];
    let files = write_release(dir, "Seamless", halves)?;
    files.try_into().map_err(|_| anyhow::anyhow!("a pair has two halves"))
}

/// Three tracks of more bytes than a player fetches before they are wanted.
pub fn write_large(dir: &Path) -> Result<Vec<PathBuf>> {
    let cuts = [("One", 0.0), ("Two", 60.0), ("Three", 120.0)].map(|(title, start_s)| Cut {
        title,
        extension: "wav",
        coder: WAVE,
        start_s,
        length_s: 60.0,
    });
    write_release(dir, "Large", cuts)
}

/// A part of the packaged piece, to be a track.
struct Cut {
    title: &'static str,
    extension: &'static str,
    coder: Coder,
    start_s: f64,
    length_s: f64,
}

/// Writes cuts as the tracks of one release, into a folder of its name.
fn write_release(
    dir: &Path,
    release: &str,
    cuts: impl IntoIterator<Item = Cut>,
) -> Result<Vec<PathBuf>> {
    let source = packaged()?;
    let folder = dir.join(release);
    fs::create_dir_all(&folder)?;
    let cuts = cuts.into_iter().zip(1_u32..).map(|(cut, number)| {
        let file = folder.join(format!("{number:02} {}.{}", cut.title, cut.extension));
        let tags = [
            ("title", cut.title),
            ("artist", ARTIST),
            ("albumartist", ARTIST),
            ("album", release),
            ("tracknumber", &number.to_string()),
        ];
        cut.write(&source, &file, &tags)?;
        Ok(file)
    });
    cuts.collect()
}

impl Cut {
    fn write(&self, source: &Path, to: &Path, tags: &[(&str, &str)]) -> Result<()> {
        match self.coder {
            Ffmpeg(arguments) => self.by_ffmpeg(source, to, tags, arguments),
            Sox(arguments) => {
                let wave = tempfile::Builder::new().suffix(".wav").tempfile()?;
                self.by_ffmpeg(source, wave.path(), &[], &["-c:a", "pcm_s16le"])?;
                let mut sox = Command::new("sox");
                sox.arg(wave.path()).args(arguments);
                for (key, value) in tags {
                    sox.arg("--add-comment").arg(format!("{key}={value}"));
                }
                process::run(sox.arg(to)).map(drop)
            }
        }
    }

    fn by_ffmpeg(
        &self,
        source: &Path,
        to: &Path,
        tags: &[(&str, &str)],
        coder: &[&str],
    ) -> Result<()> {
        let mut ffmpeg = Command::new("ffmpeg");
        ffmpeg
            .args(["-v", "error", "-y", "-i"])
            .arg(source)
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
        if to.extension().is_some_and(|extension| extension == "opus") {
            ffmpeg.args(["-ar", "48000"]);
        }
        for (key, value) in tags {
            // ffmpeg has names of its own for these two.
            let key = match *key {
                "albumartist" => "album_artist",
                "tracknumber" => "track",
                key => key,
            };
            ffmpeg.arg("-metadata").arg(format!("{key}={value}"));
        }
        process::run(ffmpeg.args(coder).arg(to)).map(drop)
    }
}
