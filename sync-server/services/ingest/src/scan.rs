//! Walks a folder on a thread of its own and says which audio files are there.
//!
//! Symbolic links are followed, those to folders after everything that is really there, so that
//! a folder is known by its own path; a folder that was walked already is not walked again,
//! which ends every loop. Hidden folders and those that systems keep for themselves are left out.

use std::{
    collections::HashSet,
    fs::{DirEntry, FileType, Metadata},
    io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::UNIX_EPOCH,
};

use examine::paths;
use tokio::sync::mpsc;

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
/// Messages that wait at most; the walk waits with them.
const QUEUE_MAX: usize = 1_024;
/// Files sent as one message at most.
const BATCH_MAX: usize = 256;

/// An audio file, not yet opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Entry {
    /// Bytes, relative to the root, parted by `/`.
    pub path: Vec<u8>,
    pub size_bytes: u64,
    /// Microseconds since 1970.
    pub mtime_us: i64,
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

/// Starts to walk; the receiver ends with the walk. Dropping it ends the walk.
pub(crate) fn start(root: PathBuf, is_stopped: Arc<AtomicBool>) -> mpsc::Receiver<Scanned> {
    let (sender, receiver) = mpsc::channel(QUEUE_MAX);
    // A blocking thread: reading folders of network disks takes its time.
    tokio::task::spawn_blocking(move || {
        let mut walk = Walk {
            root: root.clone(),
            sender,
            is_stopped,
            walked: HashSet::new(),
            linked: Vec::new(),
            batch: Vec::new(),
        };
        let mut folders = vec![Folder { path: root, relative: Vec::new(), depth: 0 }];
        // First what is there, then what links lead to.
        while !folders.is_empty() {
            for folder in folders {
                if walk.folder(folder).is_none() {
                    return;
                }
            }
            folders = std::mem::take(&mut walk.linked);
        }
        walk.send_batch();
    });
    receiver
}

struct Folder {
    path: PathBuf,
    relative: Vec<u8>,
    depth: usize,
}

struct Walk {
    root: PathBuf,
    sender: mpsc::Sender<Scanned>,
    is_stopped: Arc<AtomicBool>,
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
            if self.is_stopped.load(Ordering::Relaxed) {
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
        let mut below = Vec::new();
        for entry in entries {
            let name = entry.file_name();
            let name = name.as_encoded_bytes();
            if name.starts_with(b".") {
                continue;
            }
            let mut relative = folder.relative.clone();
            if !relative.is_empty() {
                relative.push(b'/');
            }
            relative.extend_from_slice(name);
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                if !is_system(name) && folder.depth < DEPTH_MAX {
                    below.push(Folder { path: entry.path(), relative, depth: folder.depth + 1 });
                }
            } else if self.file(&entry, kind, relative, folder.depth).is_none() {
                return Ok(None);
            }
        }
        Ok(Some(below))
    }

    fn file(
        &mut self,
        entry: &DirEntry,
        kind: FileType,
        relative: Vec<u8>,
        depth: usize,
    ) -> Option<()> {
        let path = entry.path();
        let is_audio = is_audio(&path);
        if !is_audio && !kind.is_symlink() {
            return Some(());
        }
        // Follows links, which the entry's own metadata would not.
        match std::fs::metadata(&path) {
            Ok(metadata) if metadata.is_dir() => {
                if depth < DEPTH_MAX && !is_system(crate::folder::name(&relative)) {
                    self.linked.push(Folder { path, relative, depth: depth + 1 });
                }
            }
            Ok(metadata) if metadata.is_file() && is_audio => {
                self.batch.push(Entry {
                    path: relative,
                    size_bytes: metadata.len(),
                    mtime_us: mtime_us(&metadata),
                });
            }
            Err(error) if is_audio => {
                let reason = if kind.is_symlink() && error.kind() == io::ErrorKind::NotFound {
                    "it is a link that leads nowhere".to_owned()
                } else {
                    format!("it cannot be read: {}", words(&error))
                };
                self.problem(relative, reason, false)?;
            }
            Ok(_) | Err(_) => {}
        }
        Some(())
    }

    fn problem(&mut self, path: Vec<u8>, reason: String, is_folder: bool) -> Option<()> {
        tracing::debug!(root = %self.root.display(), path = %paths::shown(&path), reason);
        self.sender.blocking_send(Scanned::Problem { path, reason, is_folder }).ok()
    }

    fn send_batch(&mut self) -> Option<()> {
        if self.batch.is_empty() {
            return Some(());
        }
        self.sender.blocking_send(Scanned::Files(std::mem::take(&mut self.batch))).ok()
    }
}

/// Size and time of change of a file that is there now.
pub(crate) fn look(path: &Path) -> Option<(u64, i64)> {
    let metadata = std::fs::metadata(path).ok()?;
    metadata.is_file().then(|| (metadata.len(), mtime_us(&metadata)))
}

fn mtime_us(metadata: &Metadata) -> i64 {
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
