//! What is played: synthesised files, and the tracks that they are once imported.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};

/// Kinds of files, in turn.
pub const FORMATS: [(&str, &[&str]); 5] = [
    ("flac", &["-sample_fmt", "s16"]),
    ("mp3", &["-b:a", "192k"]),
    ("ogg", &["-c:a", "libvorbis", "-q:a", "5"]),
    ("opus", &["-c:a", "libopus", "-b:a", "128k"]),
    ("m4a", &["-c:a", "aac", "-b:a", "192k", "-movflags", "+faststart"]),
];

/// One imported track.
#[derive(Clone)]
pub struct Track {
    pub title: String,
    /// Of its stream on the server.
    pub path: String,
    pub duration_ms: u64,
}

impl Track {
    /// The number of the file that it was made from.
    pub fn index(&self) -> Option<usize> {
        self.title.strip_prefix("Track ")?.parse().ok()
    }

    pub fn format(&self) -> &'static str {
        self.index().map_or("", |index| FORMATS[index % FORMATS.len()].0)
    }
}

pub fn file_of(folder: &Path, index: usize) -> PathBuf {
    folder.join(format!("{index:03}.{}", FORMATS[index % FORMATS.len()].0))
}

/// A tone with noise, different for each index, titled by it.
pub fn make_track(folder: &Path, index: usize, seconds: usize) -> anyhow::Result<()> {
    let (_, args) = FORMATS[index % FORMATS.len()];
    let tone = tone(index, seconds);
    ffmpeg(
        Command::new("ffmpeg")
            .args(["-v", "error", "-y", "-f", "lavfi", "-i", &tone])
            .args(["-metadata", &format!("title=Track {index}")])
            .args(args)
            .arg(file_of(folder, index)),
    )
}

/// For ffmpeg: a tone with noise.
pub fn tone(index: usize, seconds: usize) -> String {
    format!(
        "aevalsrc=0.3*sin(2*PI*{}*t)+0.1*random({index})|0.3*sin(2*PI*{}*t):s=44100:d={seconds}",
        200 + index * 3,
        201 + index * 3
    )
}

pub fn ffmpeg(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().context("ffmpeg makes the tracks")?;
    ensure!(status.success(), "ffmpeg: {status}");
    Ok(())
}

/// The tracks of a page of the API's.
pub fn tracks_of(page: &serde_json::Value) -> anyhow::Result<Vec<Track>> {
    let items = page["items"].as_array().context("a page of tracks")?;
    let track = |item: &serde_json::Value| {
        let id = item["id"].as_str().context("a track has an id")?;
        let duration_ms = item["duration_ms"].as_u64().context("a track has a length")?;
        let title = item["title"].as_str().context("a track has a title")?.to_owned();
        Ok(Track { title, path: format!("/api/v1/tracks/{id}/stream"), duration_ms })
    };
    items.iter().map(track).collect()
}
