//! One import from its start to its end.
//!
//! The walk ([`crate::scan`]) sends files in batches. Each batch is compared with what is known:
//! most files of a second run end there, unopened. The others go to the workers, and
//! what those find is settled in batches ([`settle`]), each in the catalog and in the store
//! before the next, so that a run that is killed goes on where it was. What was known and not
//! seen is marked missing at the end.
//!
//! A path whose file has changed may hold the same song with new tags, or another one: names are
//! swapped, and albums renumbered. So these wait for the end of the walk; then all of them are
//! hashed, and those that hold what was known elsewhere take it over; only what is left over is
//! decoded, and is the song that it was by its path if that was not found elsewhere.

pub(crate) mod progress;
mod settle;

use std::{
    collections::{HashMap, HashSet},
    error::Error as StdError,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use domain::{Cover, TrackId};
use examine::{Answer, StartError, Worker, WorkerCommand, paths};
use tokio::{
    sync::{Mutex, mpsc},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use self::{progress::Progress, settle::Settler};
use crate::{
    covers::{self, CoverFinder},
    peer::PeerError,
    scan::{self, Entry, Scanned},
    service::Peers,
    store::{Known, RootId, State, Store, look_for},
};

/// Files that wait for a worker.
const TASKS_MAX: usize = 4_096;
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
    look: Look,
}

/// How closely.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Look {
    Hash,
    /// All of it, unless its content is known.
    IfUnknown,
    Whole,
}

/// A file looked into.
#[derive(Debug)]
struct Found {
    /// With the stamp of [`covers::EMBEDDED`] where the cover is its own.
    entry: Entry,
    answer: Answer,
    cover: Option<Cover>,
}

/// What a run works with.
pub(crate) struct Run {
    pub root: RootId,
    pub directory: PathBuf,
    pub store: Store,
    pub peers: Peers,
    pub worker: Arc<WorkerCommand>,
    pub n_workers: usize,
    pub covers: Arc<Mutex<CoverFinder>>,
    pub stop: CancellationToken,
    pub progress: Arc<Progress>,
}

impl Run {
    /// Imports; what came of it is in the progress as well.
    pub async fn to_end(&self) -> Result<(), Failure> {
        self.store.root_put(&self.root, &self.directory).await?;
        let mut settler = Settler::new(self);
        let (sender, tasks) = mpsc::channel(TASKS_MAX);
        let seen = self.round(&mut settler, tasks, self.compare(sender)).await?;
        let (sender, tasks) = mpsc::channel(TASKS_MAX);
        let fresh = self.round(&mut settler, tasks, self.send_changed(&seen, sender)).await?;
        let rest = fresh.into_iter().chain(settler.left_over()).collect();
        let (sender, tasks) = mpsc::channel(TASKS_MAX);
        let feed = async move { self.send(rest, Look::Whole, &sender).await };
        self.round(&mut settler, tasks, feed).await?;
        self.mark_missing(&seen).await
    }

    /// Hands to workers what `feed` sends, and settles what they find.
    async fn round<T>(
        &self,
        settler: &mut Settler<'_>,
        tasks: mpsc::Receiver<Task>,
        feed: impl Future<Output = Result<T, Failure>> + Send,
    ) -> Result<T, Failure> {
        let (sender, found) = mpsc::channel(RESULTS_MAX);
        let bench = Arc::new(Bench {
            directory: self.directory.clone(),
            store: self.store.clone(),
            covers: self.covers.clone(),
            tasks: Mutex::new(tasks),
            found: sender,
        });
        // Dropped with this call: that ends the workers, whatever the reason.
        let mut workers = JoinSet::new();
        for _ in 0..self.n_workers {
            let work = work(Worker::new(self.worker.clone()), bench.clone());
            // What a worker has in hand is dropped with it, and looked into the next time.
            let stop = self.stop.clone();
            workers.spawn(async move { stop.run_until_cancelled(work).await });
        }
        drop(bench);
        let (fed, ()) = tokio::try_join!(feed, self.settle(settler, found))?;
        while let Some(ended) = workers.join_next().await {
            ended?;
        }
        if self.stop.is_cancelled() { Err(Failure::Stopped) } else { Ok(fed) }
    }

    /// Follows the walk and sends on what needs to be looked into.
    async fn compare(&self, tasks: mpsc::Sender<Task>) -> Result<Seen, Failure> {
        // Ends with this call, whatever the reason.
        let walking = self.stop.child_token();
        let _ends = walking.clone().drop_guard();
        let mut scanned = scan::start(self.directory.clone(), walking, self.progress.clone());
        let mut seen = Seen::default();
        while let Some(Some(news)) = self.stop.run_until_cancelled(scanned.recv()).await {
            match news {
                Scanned::Files(entries) => {
                    seen.paths.extend(entries.iter().map(|entry| path_key(&entry.path)));
                    self.compare_batch(entries, &tasks, &mut seen.changed).await?;
                }
                Scanned::Problem { path, reason, is_folder: true } => {
                    self.progress.problem(&path, reason);
                    seen.unreadable.push(path);
                }
                Scanned::Problem { path, reason, is_folder: false } => {
                    seen.paths.insert(path_key(&path));
                    self.progress.failed_unopened(&path, reason);
                }
            }
        }
        Ok(seen)
    }

    async fn compare_batch(
        &self,
        entries: Vec<Entry>,
        tasks: &mpsc::Sender<Task>,
        changed: &mut Vec<Entry>,
    ) -> Result<(), Failure> {
        let mut known = self.known(&entries).await?;
        let (mut new, mut again, mut back) = (Vec::new(), Vec::new(), Vec::new());
        for entry in entries {
            match known.remove(&entry.path) {
                Some(before) if before.is_same_file(&entry) => match before.state {
                    State::Here if before.is_up_to_date(&entry) => {
                        self.progress.passed_over(&entry);
                        self.progress.unchanged();
                    }
                    State::Missing if before.is_up_to_date(&entry) => back.push(before),
                    State::Broken if before.was_examined_as_now() => {
                        self.progress.passed_over(&entry);
                        self.progress.failed(&entry.path, before.remark.unwrap_or_default());
                    }
                    _ => again.push(entry),
                },
                Some(before) if before.track.is_some() => changed.push(entry),
                _ => new.push(entry),
            }
        }
        self.take_back(back).await?;
        let (unknown, maybe_known) = self.by_size(new).await?;
        again.extend(unknown);
        self.send(maybe_known, Look::IfUnknown, tasks).await?;
        self.send(again, Look::Whole, tasks).await
    }

    async fn known(&self, entries: &[Entry]) -> Result<HashMap<Vec<u8>, Known>, Failure> {
        let known = self.store.files(&self.root, entries).await?;
        Ok(known.into_iter().map(|known| (known.entry.path.clone(), known)).collect())
    }

    /// Parts files that no known one is as large as from those whose content may be known.
    async fn by_size(&self, entries: Vec<Entry>) -> Result<(Vec<Entry>, Vec<Entry>), Failure> {
        let sizes: Vec<u64> = entries.iter().map(|entry| entry.size_bytes).collect();
        let sizes: HashSet<u64> = self.store.sizes_known(&sizes).await?.into_iter().collect();
        Ok(entries.into_iter().partition(|entry| !sizes.contains(&entry.size_bytes)))
    }

    /// Has changed files hashed that may hold what was known elsewhere; answers with the others.
    async fn send_changed(
        &self,
        seen: &Seen,
        tasks: mpsc::Sender<Task>,
    ) -> Result<Vec<Entry>, Failure> {
        let mut fresh = Vec::new();
        for entries in seen.changed.chunks(BATCH_MAX) {
            let (unknown, maybe_known) = self.by_size(entries.to_vec()).await?;
            fresh.extend(unknown);
            self.send(maybe_known, Look::Hash, &tasks).await?;
        }
        Ok(fresh)
    }

    async fn send(
        &self,
        entries: Vec<Entry>,
        look: Look,
        tasks: &mpsc::Sender<Task>,
    ) -> Result<(), Failure> {
        for entry in entries {
            let sent = self.stop.run_until_cancelled(tasks.send(Task { entry, look })).await;
            // Without workers there is a failure, which is reported where it is.
            if !matches!(sent, Some(Ok(()))) {
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
        for file in &files {
            self.progress.passed_over(&file.entry);
            self.progress.changed(0);
        }
        Ok(())
    }

    /// Settles what the workers find, in batches.
    async fn settle(
        &self,
        settler: &mut Settler<'_>,
        mut found: mpsc::Receiver<Result<Found, Failure>>,
    ) -> Result<(), Failure> {
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
    /// Tells the catalog of tracks that have no file any more but these `paths`, and answers
    /// with them. A file counts where it is there: another root need not have been looked
    /// through since its file vanished.
    async fn set_unavailable(
        &self,
        mut tracks: Vec<TrackId>,
        paths: &HashSet<Vec<u8>>,
    ) -> Result<Vec<TrackId>, Failure> {
        let mut others = self.store.sources_by_track(&tracks).await?;
        others.retain(|file| file.root != self.root || !paths.contains(&file.known.entry.path));
        let others = look_for(others).await;
        let elsewhere: HashSet<TrackId> =
            others.iter().filter(|file| file.is_there).map(|file| file.track).collect();
        tracks.retain(|track| !elsewhere.contains(track));
        if !tracks.is_empty() {
            self.peers.catalog.tracks_set_available(&tracks, false).await?;
            // So that a file that comes back is seen to, under whatever root.
            self.store.tracks_set_missing(&tracks).await?;
        }
        Ok(tracks)
    }
}

/// What the walk came by.
#[derive(Default)]
struct Seen {
    paths: HashSet<u64>,
    unreadable: Vec<Vec<u8>>,
    /// Known paths with another file.
    changed: Vec<Entry>,
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

/// What the workers of a round share.
struct Bench {
    directory: PathBuf,
    store: Store,
    covers: Arc<Mutex<CoverFinder>>,
    tasks: Mutex<mpsc::Receiver<Task>>,
    found: mpsc::Sender<Result<Found, Failure>>,
}

/// Takes tasks until there are none, or no more are wanted.
async fn work(mut worker: Worker, bench: Arc<Bench>) {
    loop {
        let task = bench.tasks.lock().await.recv().await;
        let Some(task) = task else { return };
        let found = bench.look(&mut worker, task).await;
        let has_failed = found.is_err();
        if bench.found.send(found).await.is_err() || has_failed {
            return;
        }
    }
}

impl Bench {
    async fn look(&self, worker: &mut Worker, task: Task) -> Result<Found, Failure> {
        let Task { mut entry, look } = task;
        let path = paths::to_bytes(&self.directory.join(paths::from_bytes(&entry.path)));
        let is_enough = (look != Look::Whole).then_some(async |hash: Vec<u8>| {
            // A store that fails now fails when the file is settled, and is reported there.
            look == Look::Hash || self.store.is_content_known(&hash).await.unwrap_or(false)
        });
        let examined = worker.examine(&path, entry.size_bytes, is_enough).await?;
        // Kept here and now: covers that wait in memory would soon fill it.
        let mut cover = None;
        if let Answer::Read(_) = &examined.answer {
            let mut covers = self.covers.lock().await;
            cover = covers.embedded(examined.cover).await?;
            if cover.is_some() {
                entry.images = covers::EMBEDDED;
            } else {
                cover = covers.beside(&entry.path).await?;
            }
        }
        Ok(Found { entry, answer: examined.answer, cover })
    }
}
