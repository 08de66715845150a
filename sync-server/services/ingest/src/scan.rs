//! Walks a folder on a thread of its own and says which audio files are there.
//!
//! Symbolic links are followed, those to folders after everything that is really there, so that
//! a folder is known by its own path; a folder that was walked already is not walked again,
//! which ends every loop. What is hidden and what systems keep for themselves is left out; what
//! cannot be looked at is told.

use std::{
    collections::HashSet,
    fs::{DirEntry, FileType, Metadata},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::UNIX_EPOCH,
};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{covers, folder, run::progress::Progress};

/// Endings of the files that are looked into, in lower case.
const EXTENSIONS: [&str; 15] = [
    "mp3", "flac", "ogg", "oga", "opus", "m4a", "m4b", "mp4", "aac", "alac", "wav", "wave", "aif",
    "aiff", "aifc",
];
/// Folders that hold no library, in lower case.
const SYSTEM_FOLDERS: [&str; 6] =
    ["$recycle.bin", "system volume information", "lost+found", "@eadir", "__macosx", "#recycle"];
/// Deepest folder below the root.
const DEPTH_MAX: usize = 64;
/// Messages that wait at most, of a million files; the walk waits with them.
const QUEUE_MAX: usize = 4_096;
/// Files sent as one message at most.
const BATCH_MAX: usize = 256;

/// An audio file, not yet opened.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Entry {
    /// Bytes, relative to the root, parted by `/`.
    pub path: Vec<u8>,
    pub size_bytes: u64,
    /// Microseconds since 1970.
    pub mtime_us: i64,
    /// Stands for the cover images of its folder, see [`covers::stamp`].
    pub images: i64,
}

/// News of the walk.
#[derive(Debug)]
pub(crate) enum Scanned {
    Files(Vec<Entry>),
    /// An audio file or a folder that cannot be looked at.
    Problem {
        path: Vec<u8>,
        reason: String,
        is_folder: bool,
    },
}

/// Starts to walk; the receiver ends with the walk. Dropping it, or `stop`, ends the walk.
/// `progress` hears of every file at once, however many wait to be received.
pub(crate) fn start(
    root: PathBuf,
    stop: CancellationToken,
    progress: Arc<Progress>,
) -> mpsc::Receiver<Scanned> {
    let (sender, receiver) = mpsc::channel(QUEUE_MAX);
    // A blocking thread: reading folders of network disks takes its time.
    tokio::task::spawn_blocking(move || {
        let mut walk = Walk {
            sender,
            stop,
            progress,
            walked: HashSet::new(),
            linked: Vec::new(),
            batch: Vec::new(),
        };
        let mut folders = vec![Folder { path: root, relative: Vec::new(), depth: 0, above: 0 }];
        // First what is there, then what links lead to.
        while !folders.is_empty() {
            for folder in folders {
                if walk.folder(folder).is_none() {
                    return;
                }
            }
            folders = std::mem::take(&mut walk.linked);
        }
        if walk.send_batch().is_some() {
            walk.progress.scanned();
        }
    });
    receiver
}

struct Folder {
    path: PathBuf,
    relative: Vec<u8>,
    depth: usize,
    /// Stands for the cover images of the folder above.
    above: i64,
}

struct Walk {
    sender: mpsc::Sender<Scanned>,
    stop: CancellationToken,
    progress: Arc<Progress>,
    /// Identities of folders that were walked.
    walked: HashSet<(u64, u64)>,
    /// Folders that links lead to.
    linked: Vec<Folder>,
    batch: Vec<Entry>,
}

impl Walk {
    /// Walks a folder and all in it; `None` when nobody listens any more.
    fn folder(&mut self, start: Folder) -> Option<()> {
        let mut stack = vec![start];
        while let Some(folder) = stack.pop() {
            if self.stop.is_cancelled() {
                return None;
            }
            match self.entries(&folder) {
                Ok(Some(mut below)) => {
                    below.reverse();
                    stack.extend(below);
                }
                Ok(None) => {}
                Err(error) => {
                    let reason = format!("the folder cannot be read: {}", words(&error));
                    self.problem(folder.relative, reason, true)?;
                }
            }
            if self.batch.len() >= BATCH_MAX {
                self.send_batch()?;
            }
        }
        Some(())
    }

    /// Takes the files of one folder and answers with the folders in it, by name.
    fn entries(&mut self, folder: &Folder) -> io::Result<Option<Vec<Folder>>> {
        if !self.walked.insert(identity(&folder.path)?) {
            return Ok(None);
        }
        let mut entries = std::fs::read_dir(&folder.path)?.collect::<io::Result<Vec<_>>>()?;
        entries.sort_by_key(DirEntry::file_name);
        let own = covers::stamp(&entries);
        // Covers of a release in several folders stand above its discs.
        let is_disc = folder::is_disc(&folder.relative);
        let images = if is_disc { covers::both(own, folder.above) } else { own };
        let mut below = Vec::new();
        for entry in entries {
            let name = entry.file_name();
            let name = name.as_encoded_bytes();
            // `.hidden`, but not `...And Justice for All`.
            if name.starts_with(b".") && !name.starts_with(b"..") {
                continue;
            }
            let mut relative = folder.relative.clone();
            if !relative.is_empty() {
                relative.push(b'/');
            }
            relative.extend_from_slice(name);
            let path = entry.path();
            let found = entry.file_type().and_then(|kind| look_closer(&path, kind));
            let told = match found {
                Ok(Kind::Folder { is_link }) if !is_system(name) => {
                    let depth = folder.depth + 1;
                    let next = Folder { path, relative, depth, above: own };
                    let list = if is_link { &mut self.linked } else { &mut below };
                    if depth <= DEPTH_MAX {
                        list.push(next);
                        Some(())
                    } else {
                        let reason = format!("it lies more than {DEPTH_MAX} folders deep");
                        self.problem(next.relative, reason, true)
                    }
                }
                Ok(Kind::File(metadata)) => {
                    self.batch.push(Entry {
                        path: relative,
                        size_bytes: metadata.len(),
                        mtime_us: mtime_us(&metadata),
                        images,
                    });
                    Some(())
                }
                Ok(Kind::Folder { .. } | Kind::Other) => Some(()),
                Err(error) => self.problem(relative, unreachable(&entry, &error), !is_audio(&path)),
            };
            if told.is_none() {
                return Ok(None);
            }
        }
        Ok(Some(below))
    }

    fn problem(&mut self, path: Vec<u8>, reason: String, is_folder: bool) -> Option<()> {
        self.sender.blocking_send(Scanned::Problem { path, reason, is_folder }).ok()
    }

    fn send_batch(&mut self) -> Option<()> {
        if self.batch.is_empty() {
            return Some(());
        }
        self.progress.found(&self.batch);
        self.sender.blocking_send(Scanned::Files(std::mem::take(&mut self.batch))).ok()
    }
}

/// What is behind a name.
enum Kind {
    Folder {
        is_link: bool,
    },
    /// Of audio.
    File(Metadata),
    Other,
}

fn look_closer(path: &Path, kind: FileType) -> io::Result<Kind> {
    let is_link = kind.is_symlink();
    if kind.is_dir() {
        return Ok(Kind::Folder { is_link });
    }
    if !is_link && !is_audio(path) {
        return Ok(Kind::Other);
    }
    // Follows links, which the entry's own metadata would not.
    let metadata = std::fs::metadata(path)?;
    Ok(if metadata.is_dir() {
        Kind::Folder { is_link }
    } else if metadata.is_file() && is_audio(path) {
        Kind::File(metadata)
    } else {
        Kind::Other
    })
}

fn unreachable(entry: &DirEntry, error: &io::Error) -> String {
    let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
    if is_link && error.kind() == io::ErrorKind::NotFound {
        "it is a link that leads nowhere".to_owned()
    } else {
        format!("it cannot be read: {}", words(error))
    }
}

/// Size and time of change of a file that is there now.
pub(crate) fn look(path: &Path) -> Option<(u64, i64)> {
    let metadata = std::fs::metadata(path).ok()?;
    metadata.is_file().then(|| (metadata.len(), mtime_us(&metadata)))
}

pub(crate) fn mtime_us(metadata: &Metadata) -> i64 {
    let Ok(modified) = metadata.modified() else { return 0 };
    match modified.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |us| -us),
    }
}

fn is_audio(path: &Path) -> bool {
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    extension.is_some_and(|extension| EXTENSIONS.contains(&extension.as_str()))
}

fn is_system(name: &[u8]) -> bool {
    let name = String::from_utf8_lossy(name).to_lowercase();
    SYSTEM_FOLDERS.contains(&name.as_str())
}

#[cfg(unix)]
fn identity(path: &Path) -> io::Result<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = std::fs::metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

/// Elsewhere the resolved path, hashed, stands for the folder.
#[cfg(not(unix))]
fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let hash = blake3::hash(std::fs::canonicalize(path)?.as_os_str().as_encoded_bytes());
    let word =
        |at: usize| hash.as_bytes()[at..at + 8].iter().fold(0, |n, b| n << 8 | u64::from(*b));
    Ok((word(0), word(8)))
}

/// What the system says, without its number.
fn words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::NotFound => "it is gone".to_owned(),
        _ => error.to_string(),
    }
}
