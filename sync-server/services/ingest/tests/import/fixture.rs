//! A library in a folder of its own, a store, and peers that remember what they were told.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex},
};

use api::imports::{Import, ImportState};
use async_trait::async_trait;
use bytes::Bytes;
use domain::{Cover, CoverId, TrackId, imported::ImportedTrack};
use engine_sql::Db;
use svc_ingest::{
    Peers, Service, Settings, WorkerCommand,
    peer::{Catalog, Covers, PeerError},
};
use tempfile::TempDir;

/// What the catalog was told, as it would stand.
#[derive(Default)]
pub struct Told {
    pub tracks: Mutex<BTreeMap<TrackId, (ImportedTrack, bool)>>,
    pub n_puts: Mutex<usize>,
    /// The next call fails with this.
    pub failure: Mutex<Option<std::io::Error>>,
    /// Bytes of covers, by id.
    pub covers: Mutex<BTreeMap<CoverId, Bytes>>,
}

#[async_trait]
impl Catalog for Told {
    async fn tracks_put(&self, tracks: Vec<(TrackId, ImportedTrack)>) -> Result<(), PeerError> {
        if let Some(failure) = self.failure.lock().unwrap().take() {
            return Err(PeerError::new("put tracks into the catalog", failure));
        }
        *self.n_puts.lock().unwrap() += tracks.len();
        let mut known = self.tracks.lock().unwrap();
        known.extend(tracks.into_iter().map(|(id, track)| (id, (track, true))));
        Ok(())
    }

    async fn tracks_set_available(
        &self,
        tracks: &[TrackId],
        is_available: bool,
    ) -> Result<(), PeerError> {
        let mut known = self.tracks.lock().unwrap();
        for id in tracks {
            if let Some(track) = known.get_mut(id) {
                track.1 = is_available;
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Covers for Told {
    async fn cover_put(&self, original: Bytes) -> Result<Option<Cover>, PeerError> {
        if original.ends_with(BROKEN_IMAGE) {
            return Ok(None);
        }
        let id = CoverId::from_hash(*blake3::hash(&original).as_bytes());
        self.covers.lock().unwrap().insert(id.clone(), original);
        Ok(Some(Cover { id, colour: "#808080".to_owned() }))
    }
}

/// How an image ends that looks like one and cannot be shown.
pub const BROKEN_IMAGE: &[u8] = b"broken";

/// A server's import over one library.
pub struct Fixture {
    pub folder: TempDir,
    pub locks: TempDir,
    pub told: Arc<Told>,
    pub service: Arc<Service>,
}

impl Fixture {
    pub async fn new(db: &Db) -> Self {
        let told = Arc::new(Told::default());
        let locks = tempfile::tempdir().unwrap();
        let service = open(db, locks.path(), told.clone(), worker()).await;
        Self { folder: tempfile::tempdir().unwrap(), locks, told, service }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    /// Makes a file with ffmpeg; `input` and `output` are its arguments.
    pub fn ffmpeg(&self, input: &str, output: &str, name: &str) -> PathBuf {
        let path = self.path(name);
        ffmpeg(input, output, &path);
        path
    }

    /// Puts song `n` into a file: untagged, and `n` milliseconds long, which tells it from others.
    pub fn song(&self, n: u32, name: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, wav(n)).unwrap();
        path
    }

    /// Which song each available track plays, as its file has it and as the catalog was told.
    pub async fn songs(&self) -> BTreeMap<TrackId, u64> {
        let known = self.told.tracks.lock().unwrap().clone();
        let mut songs = BTreeMap::new();
        for (id, (track, _)) in known.into_iter().filter(|(_, (_, is_available))| *is_available) {
            let located = self.service.locate(id).await.unwrap();
            let located = located.unwrap_or_else(|| panic!("{} has no file", track.title));
            let bytes = std::fs::read(&located.path).unwrap();
            assert_eq!(blake3::hash(&bytes).as_bytes(), &located.content_hash, "{located:?}");
            let song = ((bytes.len() - WAV_HEAD_BYTES) as f64 / 88.2).round() as u64;
            assert_eq!(track.duration_ms, song, "{track:?} {located:?}");
            songs.insert(id, song);
        }
        songs
    }

    pub async fn import(&self) -> Import {
        let import = self.service.import_run(self.folder.path(), |_| {}, |_| {}).await.unwrap();
        assert_eq!(import.state, ImportState::Done, "{import:?}");
        assert_eq!(import.n_done, import.n_found, "{import:?}");
        import
    }

    /// The one track with this title, its id, and whether it is available.
    pub fn track(&self, title: &str) -> (TrackId, ImportedTrack, bool) {
        let known = self.told.tracks.lock().unwrap();
        let mut found = known.iter().filter(|(_, (track, _))| track.title == title);
        let (id, (track, is_available)) =
            found.next().unwrap_or_else(|| panic!("no {title:?} among {:?}", titles(&known)));
        assert!(found.next().is_none(), "several {title:?}");
        (*id, track.clone(), *is_available)
    }

    pub fn n_tracks(&self) -> usize {
        self.told.tracks.lock().unwrap().len()
    }
}

fn titles(known: &BTreeMap<TrackId, (ImportedTrack, bool)>) -> Vec<&str> {
    known.values().map(|(track, _)| track.title.as_str()).collect()
}

pub async fn open(db: &Db, locks: &Path, told: Arc<Told>, worker: WorkerCommand) -> Arc<Service> {
    let settings = Settings { lock_dir: locks.to_owned(), worker, n_workers: 2 };
    let peers = Peers { catalog: told.clone(), covers: told };
    Service::open(db.clone(), settings, peers).await.unwrap()
}

/// The example `decode_worker`, which cargo builds beside the tests.
pub fn worker() -> WorkerCommand {
    let tests = std::env::current_exe().unwrap();
    let program = tests.parent().unwrap().parent().unwrap().join("examples/decode_worker");
    assert!(program.exists(), "run `cargo test -p svc-ingest`, which builds {}", program.display());
    WorkerCommand { program, args: Vec::new() }
}

/// A decode worker that does this with the file it is given.
pub fn worker_that(does: &str) -> WorkerCommand {
    let script = format!("printf 'melodyud decode worker 1\\n'; read job; {does}");
    WorkerCommand { program: "/bin/sh".into(), args: vec!["-c".into(), script.into()] }
}

const WAV_HEAD_BYTES: usize = 44;

/// Mono, 16 bit, 44.1 kHz, `n_ms` long.
fn wav(n_ms: u32) -> Vec<u8> {
    let n_frames = (f64::from(n_ms) * 44.1).round() as u32;
    let mut bytes = Vec::new();
    bytes.extend(b"RIFF");
    bytes.extend((36 + 2 * n_frames).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    bytes.extend(44_100_u32.to_le_bytes());
    bytes.extend(88_200_u32.to_le_bytes());
    bytes.extend(b"\x02\0\x10\0data");
    bytes.extend((2 * n_frames).to_le_bytes());
    let wave = |at: u32| (f64::from(at) * 0.06).sin() * 8_000.0;
    bytes.extend((0..n_frames).flat_map(|at| (wave(at) as i16).to_le_bytes()));
    bytes
}

pub fn ffmpeg(input: &str, output: &str, path: &Path) {
    let done = Command::new("ffmpeg")
        .args(["-hide_banner", "-loglevel", "error", "-nostdin", "-y"])
        .args(input.split_whitespace())
        .args(output.split_whitespace())
        .arg(path)
        .output()
        .expect("ffmpeg is installed; `cargo xtask setup` does it");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// Stereo, four tones against each other, for so many seconds: no two alike.
pub fn tone(hz: u32, seconds: f64) -> String {
    format!(
        "-f lavfi -i aevalsrc=0.3*sin({hz}*2*PI*t)+0.1*sin({}*2*PI*t)|0.3*sin({hz}*2*PI*t):s=44100:d={seconds}",
        hz * 3 / 2
    )
}

/// Integrated loudness and true peak as ffmpeg's `ebur128` measures them.
pub fn ffmpeg_loudness(path: &Path) -> (f64, f64) {
    let done = Command::new("ffmpeg")
        .args(["-hide_banner", "-nostdin", "-nostats", "-i"])
        .arg(path)
        .args(["-af", "ebur128=peak=true:framelog=verbose", "-f", "null", "-"])
        .output()
        .expect("ffmpeg is installed; `cargo xtask setup` does it");
    let text = String::from_utf8_lossy(&done.stderr);
    let summary = &text[text.rfind("Summary:").expect("ffmpeg sums up")..];
    let number = |label: &str| {
        let value = summary.lines().find_map(|line| line.trim().strip_prefix(label)).unwrap();
        value.split_whitespace().next().unwrap().parse().unwrap()
    };
    (number("I:"), number("Peak:"))
}

/// Duration as ffprobe has it.
pub fn ffprobe_duration_ms(path: &Path) -> u64 {
    let done = Command::new("ffprobe")
        .args(["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0"])
        .arg(path)
        .output()
        .expect("ffmpeg is installed; `cargo xtask setup` does it");
    let seconds: f64 = String::from_utf8_lossy(&done.stdout).trim().parse().unwrap();
    (seconds * 1_000.0).round() as u64
}
