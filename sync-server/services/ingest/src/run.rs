//! One import from its start to its end.
//!
//! The walk ([`crate::scan`]) sends files in batches. Each batch is compared with what is known:
//! most files of a second run end there, unopened. The others go to the workers, and
//! what those find is settled in batches ([`settle`]), each in the catalog and in the store
//! before the next, so that a run that is killed goes on where it was. What was known and not
//! seen is marked missing at the end.

pub(crate) mod progress;
mod settle;

use std::{
    collections::HashSet,
    error::Error as StdError,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use domain::TrackId;
use examine::{Examined, StartError, Worker, WorkerCommand, paths};
use tokio::{
    sync::{Mutex, mpsc},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use self::{progress::Progress, settle::Settler};
use crate::{
    peer::PeerError,
    scan::{self, Entry, Scanned},
    service::Peers,
    store::{Known, RootId, State, Store},
};

/// Files that wait for a worker: so many that the walk of most libraries ends, and the remaining
/// time is known, soon after the start.
const TASKS_MAX: usize = 32_768;
/// Files found by workers that wait to be settled.
const RESULTS_MAX: usize = 128;
/// Files settled together at most, and how long the first waits for the others.
const BATCH_MAX: usize = 256;
const BATCH_TIME: Duration = Duration::from_millis(500);

/// Why a run stopped before its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("the server was stopped")]
    Stopped,
    #[error("the import's store")]
    Store(#[from] engine_sql::Error),
    #[error(transparent)]
    Peer(#[from] PeerError),
    #[error(transparent)]
    Worker(#[from] StartError),
    #[error("a part of the import broke down")]
    Task(#[from] tokio::task::JoinError),
}

impl Failure {
    /// For people, with what to do where that is known.
    pub fn in_words(&self) -> String {
        let mut text = self.to_string();
        let mut next = self.source();
        while let Some(error) = next {
            text = format!("{text}: {error}");
            next = error.source();
        }
        if matches!(self, Self::Stopped) {
            return format!("{text}; start the import again and it goes on");
        }
        if is_disk_full(self) {
            return format!(
                "no space is left on the server's disk ({text}); make room, start the import \
                 again and it goes on where it stopped"
            );
        }
        text
    }
}

/// Whether somewhere in the chain the disk is said to be full: by the system (`ENOSPC`,
/// `EDQUOT`), by SQLite (`SQLITE_FULL`, 13) or by PostgreSQL (53100).
fn is_disk_full(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<std::io::Error>()
            && matches!(
                error.kind(),
                std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded
            )
        {
            return true;
        }
        let text = error.to_string();
        if text.contains("database or disk is full") || text.contains("No space left on device") {
            return true;
        }
        next = error.source();
    }
    false
}

/// A file to look into.
#[derive(Debug)]
struct Task {
    entry: Entry,
    /// As it was known before, if it was.
    before: Option<Known>,
    /// Whether its content may be known under another path.
    may_be_known: bool,
}

/// A file looked into.
#[derive(Debug)]
struct Found {
    entry: Entry,
    before: Option<Known>,
    examined: Examined,
}

/// What a run works with.
pub(crate) struct Run {
    pub root: RootId,
    pub directory: PathBuf,
    pub store: Store,
    pub peers: Peers,
    pub worker: Arc<WorkerCommand>,
    pub n_workers: usize,
    pub stop: CancellationToken,
    pub progress: Arc<Progress>,
}

impl Run {
    /// Imports; what came of it is in the progress as well.
    pub async fn to_end(&self) -> Result<(), Failure> {
        self.store.root_put(&self.root, &self.directory).await?;
        let (task_sender, tasks) = mpsc::channel(TASKS_MAX);
        let (found_sender, found) = mpsc::channel(RESULTS_MAX);
        let tasks = Arc::new(Mutex::new(tasks));
        // Dropped with this call: that ends the workers, whatever the reason.
        let mut workers = JoinSet::new();
        for _ in 0..self.n_workers {
            workers.spawn(work(
                Worker::new(self.worker.clone()),
                self.directory.clone(),
                self.store.clone(),
                tasks.clone(),
                found_sender.clone(),
                self.stop.clone(),
            ));
        }
        drop((tasks, found_sender));
        let (seen, ()) = tokio::try_join!(self.compare(task_sender), self.settle(found))?;
        while let Some(ended) = workers.join_next().await {
            ended?;
        }
        if self.stop.is_cancelled() {
            return Err(Failure::Stopped);
        }
        self.mark_missing(&seen).await
    }

    /// Follows the walk and sends on what needs to be looked into.
    async fn compare(&self, tasks: mpsc::Sender<Task>) -> Result<Seen, Failure> {
        let is_stopped = Arc::new(AtomicBool::new(false));
        let mut scanned = scan::start(self.directory.clone(), is_stopped.clone());
        let mut seen = Seen::default();
        loop {
            let news = tokio::select! {
                news = scanned.recv() => news,
                () = self.stop.cancelled() => None,
            };
            let Some(news) = news else { break };
            match news {
                Scanned::Files(entries) => {
                    self.progress.found(&entries);
                    seen.paths.extend(entries.iter().map(|entry| path_key(&entry.path)));
                    self.compare_batch(entries, &tasks).await?;
                }
                Scanned::Problem { path, reason, is_folder } => {
                    if is_folder {
                        self.progress.folder_unreadable(&path, reason);
                        seen.unreadable.push(path);
                    } else {
                        seen.paths.insert(path_key(&path));
                        self.progress.failed_unopened(&path, reason);
                    }
                }
            }
        }
        is_stopped.store(true, Ordering::Relaxed);
        self.progress.scanned();
        Ok(seen)
    }

    async fn compare_batch(
        &self,
        entries: Vec<Entry>,
        tasks: &mpsc::Sender<Task>,
    ) -> Result<(), Failure> {
        let mut known: std::collections::HashMap<Vec<u8>, Known> = self
            .store
            .files(&self.root, &entries)
            .await?
            .into_iter()
            .map(|known| (known.entry.path.clone(), known))
            .collect();
        let mut todo = Vec::new();
        let mut back = Vec::new();
        for entry in entries {
            let before = known.remove(&entry.path);
            match before {
                Some(before) if before.is_same_file(&entry) => match before.state {
                    State::Here => self.progress.unchanged(),
                    State::Missing => back.push(before),
                    State::Broken if before.was_examined_as_now() => {
                        self.progress.failed(&entry.path, before.remark.unwrap_or_default());
                    }
                    State::Broken | State::Pending => todo.push((entry, Some(before))),
                },
                before => todo.push((entry, before)),
            }
        }
        self.take_back(back).await?;
        let sizes: Vec<u64> = todo.iter().map(|(entry, _)| entry.size_bytes).collect();
        let sizes: HashSet<u64> = self.store.sizes_known(&sizes).await?.into_iter().collect();
        for (entry, before) in todo {
            let is_pending = before.as_ref().is_some_and(|known| known.state == State::Pending);
            let may_be_known = !is_pending && sizes.contains(&entry.size_bytes);
            self.progress.to_examine(&entry);
            let task = Task { entry, before, may_be_known };
            let sent = tokio::select! {
                sent = tasks.send(task) => sent.is_ok(),
                () = self.stop.cancelled() => false,
            };
            // Without workers there is a failure, which is reported where it is.
            if !sent {
                break;
            }
        }
        Ok(())
    }

    /// Files that were missing and are there again, as they were.
    async fn take_back(&self, mut files: Vec<Known>) -> Result<(), Failure> {
        if files.is_empty() {
            return Ok(());
        }
        let tracks: Vec<TrackId> = files.iter().filter_map(|file| file.track).collect();
        self.peers.catalog.tracks_set_available(&tracks, true).await?;
        for file in &mut files {
            file.state = State::Here;
        }
        self.store.files_put(&self.root, &files, &[]).await?;
        for _ in &files {
            self.progress.changed(0);
        }
        Ok(())
    }

    /// Settles what the workers find, in batches.
    async fn settle(
        &self,
        mut found: mpsc::Receiver<Result<Found, StartError>>,
    ) -> Result<(), Failure> {
        let mut settler = Settler::new(self);
        let mut batch = Vec::new();
        while let Some(first) = found.recv().await {
            batch.push(first?);
            let until = tokio::time::Instant::now() + BATCH_TIME;
            while batch.len() < BATCH_MAX {
                match tokio::time::timeout_at(until, found.recv()).await {
                    Ok(Some(next)) => batch.push(next?),
                    Ok(None) | Err(_) => break,
                }
            }
            settler.settle(std::mem::take(&mut batch)).await?;
        }
        Ok(())
    }

    /// Marks what was known and not seen, but not what lies in folders that cannot be read.
    async fn mark_missing(&self, seen: &Seen) -> Result<(), Failure> {
        let mut after = Vec::new();
        loop {
            let page = self.store.files_page(&self.root, &after).await?;
            let Some((last, _, _)) = page.last() else { return Ok(()) };
            after.clone_from(last);
            let missing: Vec<_> = page
                .into_iter()
                .filter(|(path, state, _)| *state != State::Missing && !seen.covers(path))
                .collect();
            if missing.is_empty() {
                continue;
            }
            let paths: HashSet<Vec<u8>> = missing.iter().map(|(path, _, _)| path.clone()).collect();
            let tracks: Vec<TrackId> = missing.iter().filter_map(|(_, _, track)| *track).collect();
            // The catalog first: after a crash in between, the next run does both again.
            self.set_unavailable(tracks, &paths).await?;
            self.store.files_set_missing(&self.root, &paths).await?;
            self.progress.missing(paths.len() as u64);
        }
    }
}

impl Run {
    /// Tells the catalog of tracks that have no file any more but these `paths`.
    async fn set_unavailable(
        &self,
        tracks: Vec<TrackId>,
        paths: &HashSet<Vec<u8>>,
    ) -> Result<(), Failure> {
        let elsewhere = self.store.tracks_here(&self.root, &tracks, paths).await?;
        let gone: Vec<TrackId> =
            tracks.into_iter().filter(|track| !elsewhere.contains(track)).collect();
        if !gone.is_empty() {
            self.peers.catalog.tracks_set_available(&gone, false).await?;
        }
        Ok(())
    }
}

/// What the walk came by.
#[derive(Default)]
struct Seen {
    paths: HashSet<u64>,
    unreadable: Vec<Vec<u8>>,
}

impl Seen {
    fn covers(&self, path: &[u8]) -> bool {
        self.paths.contains(&path_key(path))
            || self.unreadable.iter().any(|folder| {
                folder.is_empty()
                    || path
                        .strip_prefix(folder.as_slice())
                        .is_some_and(|rest| rest.starts_with(b"/"))
            })
    }
}

/// Eight bytes stand for a path: a million of them fit in memory, and two alike are less likely
/// than a failing disk.
fn path_key(path: &[u8]) -> u64 {
    let hash = blake3::hash(path);
    hash.as_bytes()[..8].iter().fold(0, |key, byte| key << 8 | u64::from(*byte))
}

/// Takes tasks until there are none, or no more are wanted.
async fn work(
    mut worker: Worker,
    directory: PathBuf,
    store: Store,
    tasks: Arc<Mutex<mpsc::Receiver<Task>>>,
    found: mpsc::Sender<Result<Found, StartError>>,
    stop: CancellationToken,
) {
    while !stop.is_cancelled() {
        let task = tasks.lock().await.recv().await;
        let Some(Task { entry, before, may_be_known }) = task else { return };
        let path = paths::to_bytes(&directory.join(paths::from_bytes(&entry.path)));
        // A store that fails now fails when the file is settled, and is reported there.
        let is_known = may_be_known
            .then_some(async |hash: Vec<u8>| store.is_content_known(&hash).await.unwrap_or(false));
        let examined = worker.examine(&path, entry.size_bytes, is_known).await;
        let has_failed = examined.is_err();
        let result = examined.map(|examined| Found { entry, before, examined });
        if found.send(result).await.is_err() || has_failed {
            return;
        }
    }
}
