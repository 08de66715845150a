//! The index: open, change, search, rebuild.
//!
//! On disk it is a folder of generations, of which the file `current` names the living one. A
//! rebuild fills the next generation beside it; naming that one in `current` is the moment it
//! takes over. Whatever else is found there was left by a crash and is removed.

use std::{
    fs::{self, File, TryLockError},
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, RwLock},
};

use uuid::Uuid;

use crate::{
    Error, Found, Query,
    document::{Document, Kind},
    memory,
    store::{Store, Writer},
};

const CURRENT: &str = "current";
const LOCK: &str = "lock";

/// A search index, open in this process alone. All calls may block on the disk.
pub struct Index {
    dir: PathBuf,
    /// Held as long as the index is open.
    _lock: File,
    living: RwLock<Living>,
    writer: Mutex<Writer>,
    /// Held by the one rebuild that may run.
    rebuilding: Mutex<bool>,
}

#[derive(Clone)]
struct Living {
    generation: u64,
    store: Arc<Store>,
}

/// A new index being filled beside the living one.
pub struct Rebuild<'a> {
    index: &'a Index,
    generation: u64,
    /// `None` once it took over.
    made: Option<(Store, Writer)>,
}

impl Index {
    /// Opens the index in a folder of its own, which is made where it is missing. An index that
    /// is damaged or of another format is replaced by an empty one, and the log says why.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        fs::create_dir_all(dir).map_err(Error::io("create the folder", dir))?;
        let lock = lock(dir)?;
        let living = current(dir).and_then(|living| Some((living, open_generation(dir, living)?)));
        let (generation, (store, writer)) = living.map_or_else(|| create_first(dir), Ok)?;
        remove_others(dir, generation);
        let living = RwLock::new(Living { generation, store: Arc::new(store) });
        let dir = dir.to_owned();
        let rebuilding = Mutex::new(false);
        Ok(Self { dir, _lock: lock, living, writer: Mutex::new(writer), rebuilding })
    }

    /// Place in the order of changes up to which everything is in the index; `None` in a new
    /// index, which is to be filled from the whole catalog.
    pub fn position(&self) -> Result<Option<i64>, Error> {
        self.writer().position()
    }

    /// Which of the indexes that took each other's place this is.
    pub fn generation(&self) -> u64 {
        self.living().generation
    }

    /// How many documents a search looks through.
    pub fn n_documents(&self) -> u64 {
        self.living().store.view().n_documents()
    }

    /// Adds documents or replaces those of the same id, and removes others. Seen by searches
    /// and durable only after [`Index::commit`].
    pub fn change(&self, puts: &[Document], removals: &[(Kind, Uuid)]) -> Result<(), Error> {
        let mut writer = self.writer();
        for document in puts {
            writer.put(document)?;
        }
        for (kind, id) in removals {
            writer.remove(*kind, *id);
        }
        Ok(())
    }

    /// Makes all changes durable and visible, together with the place they stand for.
    pub fn commit(&self, position: Option<i64>) -> Result<(), Error> {
        self.writer().commit(position)?;
        self.refresh()
    }

    /// Forgets all changes after the last commit: to be called after one failed.
    pub fn rollback(&self) -> Result<(), Error> {
        self.writer().rollback()
    }

    /// Lets searches see what merges in the background have made; files they replaced can go.
    pub fn refresh(&self) -> Result<(), Error> {
        self.living().store.refresh()
    }

    /// Merges the index into the form that is fastest to search: worth it after many changes.
    pub fn compact(&self) -> Result<(), Error> {
        self.writer().compact()?;
        self.refresh()?;
        memory::give_back();
        Ok(())
    }

    /// At most `limit` documents of each kind, best first.
    pub fn search(&self, query: &Query, limit: usize) -> Result<Found, Error> {
        let view = self.living().store.view();
        view.search(query, limit).map_err(Error::engine("search the index"))
    }

    /// Starts a new index beside the living one.
    pub fn rebuild(&self) -> Result<Rebuild<'_>, Error> {
        let mut rebuilding = self.rebuilding();
        if *rebuilding {
            return Err(Error::RebuildRunning);
        }
        let generation = free_generation(&self.dir);
        let made = Some(create_generation(&self.dir, generation)?);
        *rebuilding = true;
        Ok(Rebuild { index: self, generation, made })
    }

    /// Whether a rebuild is under way.
    pub fn is_rebuilding(&self) -> bool {
        *self.rebuilding()
    }

    fn living(&self) -> Living {
        self.living.read().expect("nothing panics while holding it").clone()
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        // A writer left by a panic holds changes that were never committed; the next rollback
        // or commit settles them.
        self.writer.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn rebuilding(&self) -> MutexGuard<'_, bool> {
        self.rebuilding.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Rebuild<'_> {
    pub fn put(&mut self, documents: &[Document]) -> Result<(), Error> {
        for document in documents {
            self.made().1.put(document)?;
        }
        Ok(())
    }

    /// All documents are there; they stand for `position` in the order of changes. What is left
    /// is to [take over](Rebuild::take_over).
    pub fn complete(&mut self, position: i64) -> Result<(), Error> {
        let (store, writer) = self.made();
        writer.commit(Some(position))?;
        writer.compact()?;
        store.refresh()?;
        memory::give_back();
        Ok(())
    }

    /// Puts the new index in the place of the living one, whose uncommitted changes are lost:
    /// the next to make are those after [`Index::position`].
    pub fn take_over(mut self) -> Result<(), Error> {
        let mut living_writer = self.index.writer();
        set_current(&self.index.dir, self.generation)?;
        let (store, writer) = self.made.take().expect("only this takes it, and once");
        let new = Living { generation: self.generation, store: Arc::new(store) };
        let old = {
            let mut living = self.index.living.write().expect("nothing panics while holding it");
            std::mem::replace(&mut *living, new)
        };
        *living_writer = writer;
        remove_generation(&self.index.dir, old.generation);
        Ok(())
    }

    fn made(&mut self) -> &mut (Store, Writer) {
        self.made.as_mut().expect("only taking over takes it, and consumes the rebuild")
    }
}

impl Drop for Rebuild<'_> {
    fn drop(&mut self) {
        if self.made.take().is_some() {
            remove_generation(&self.index.dir, self.generation);
        }
        *self.index.rebuilding() = false;
    }
}

fn lock(dir: &Path) -> Result<File, Error> {
    let path = dir.join(LOCK);
    let file = File::create(&path).map_err(Error::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::InUse { dir: dir.to_owned() }),
        Err(TryLockError::Error(source)) => Err(Error::io("lock", path)(source)),
    }
}

/// The generation that `current` names.
fn current(dir: &Path) -> Option<u64> {
    fs::read_to_string(dir.join(CURRENT)).ok()?.trim().parse().ok()
}

/// Names a generation in `current`, all or nothing, and durably.
fn set_current(dir: &Path, generation: u64) -> Result<(), Error> {
    let (path, next) = (dir.join(CURRENT), dir.join("current.next"));
    let write = || {
        let mut file = File::create(&next)?;
        writeln!(file, "{generation}")?;
        file.sync_all()?;
        fs::rename(&next, &path)?;
        // The rename itself is durable once the folder is. Not every system can sync folders.
        File::open(dir).and_then(|dir| dir.sync_all()).or(Ok(()))
    };
    write().map_err(Error::io("write", &path))
}

fn generation_dir(dir: &Path, generation: u64) -> PathBuf {
    dir.join(format!("generation-{generation}"))
}

fn generation_of(name: &str) -> Option<u64> {
    name.strip_prefix("generation-")?.parse().ok()
}

/// Generations on disk, the living one and what a crash left.
fn generations(dir: &Path) -> Vec<u64> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    entries.filter_map(|entry| generation_of(entry.file_name().to_str()?)).collect()
}

fn free_generation(dir: &Path) -> u64 {
    generations(dir).into_iter().chain(current(dir)).max().map_or(1, |last| last + 1)
}

fn open_generation(dir: &Path, generation: u64) -> Option<(Store, Writer)> {
    let path = generation_dir(dir, generation);
    match Store::open(&path) {
        Ok(opened) => Some(opened),
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the search index cannot be used and is made anew"
            );
            None
        }
    }
}

fn create_generation(dir: &Path, generation: u64) -> Result<(Store, Writer), Error> {
    let path = generation_dir(dir, generation);
    fs::create_dir_all(&path).map_err(Error::io("create the folder", &path))?;
    Store::create(&path)
}

/// An empty generation, and the living one from now on.
fn create_first(dir: &Path) -> Result<(u64, (Store, Writer)), Error> {
    let generation = free_generation(dir);
    let created = create_generation(dir, generation)?;
    set_current(dir, generation)?;
    Ok((generation, created))
}

fn remove_others(dir: &Path, living: u64) {
    for generation in generations(dir).into_iter().filter(|&generation| generation != living) {
        remove_generation(dir, generation);
    }
}

/// What cannot be removed now is tried again when the index is next opened.
fn remove_generation(dir: &Path, generation: u64) {
    let path = generation_dir(dir, generation);
    if let Err(error) = fs::remove_dir_all(&path) {
        tracing::warn!(path = %path.display(), %error, "cannot remove an old search index");
    }
}
