//! The import as the server sees it: run, watch, look up.

use std::{
    collections::{HashMap, VecDeque},
    fs::File,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use api::imports::{Import, ImportProblem, ImportState};
use domain::{ImportId, TrackId};
use engine_sql::Db;
use examine::WorkerCommand;
use tokio::sync::{Mutex as AsyncMutex, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    covers::CoverFinder,
    peer::{Catalog, Covers},
    run::{
        Run,
        progress::{OnProblem, Progress},
    },
    scan,
    store::{RootId, Store},
};

/// How often a running import is stored, for processes other than its own.
const STORED_EVERY: Duration = Duration::from_secs(2);
/// Ends kept in memory for want of a disk.
const UNSTORED_MAX: usize = 16;
/// How often a caller of `import_run` hears of progress.
const TOLD_EVERY: Duration = Duration::from_millis(250);
/// How long stopping waits for what imports have in hand, such as a batch on its way to a
/// database that hangs. What is not stored by then is imported by the next run.
const STOP_TIME: Duration = Duration::from_secs(10);
/// How often, and with which pauses, a folder's lock is tried: a look at whether an import runs
/// elsewhere holds it for a moment.
const LOCK_TRIES: u32 = 10;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// How the import runs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Folder for lock files, so that two processes never import one folder at once. Made where
    /// it is missing.
    pub lock_dir: PathBuf,
    /// How a decode worker is started.
    pub worker: WorkerCommand,
    /// Decode workers at once; 0: as many as there are cores.
    pub n_workers: usize,
}

/// The services the import talks to.
#[derive(Clone)]
pub struct Peers {
    pub catalog: Arc<dyn Catalog>,
    pub covers: Arc<dyn Covers>,
}

/// Where the audio of a track is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Located {
    /// Absolute.
    pub path: PathBuf,
    pub size_bytes: u64,
    /// Microseconds since 1970.
    pub mtime_us: i64,
    /// BLAKE3 of the whole file.
    pub content_hash: [u8; 32],
    pub content_type: String,
}

/// An import could not be started, or looked up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder is missing, relative, not a folder, or may not be read; in words.
    #[error("{0}")]
    Directory(String),
    /// By this process, where its import is named, or by another.
    #[error("an import of this folder is already running")]
    AlreadyRunning { import: Option<ImportId> },
    #[error("the server is stopping")]
    Stopping,
    #[error("lock the folder for the import with {}", path.display())]
    Lock {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the import's store")]
    Store(#[from] engine_sql::Error),
}

/// The library import.
pub struct Service {
    store: Store,
    settings: Settings,
    peers: Peers,
    running: Mutex<HashMap<ImportId, Running>>,
    /// Ends that could not be stored, such as for a full disk: they are told from here.
    unstored: Mutex<VecDeque<Import>>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

struct Running {
    root: RootId,
    progress: Arc<Progress>,
}

/// A run that may begin: it holds the folder's lock.
struct Ready {
    run: Run,
    lock: Lock,
    listed: Listed,
}

/// A locked file: released when dropped, or by the system when the process dies.
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // In so many words: a child process that another thread is just starting may hold a copy
        // of the handle for a moment, and with it the lock. If it fails, closing does it.
        let _ = self.0.unlock();
    }
}

/// An import's place among those that run, until it ends, however it does.
struct Listed {
    service: Arc<Service>,
    id: ImportId,
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.service.running().remove(&self.id);
    }
}

impl Service {
    /// Brings the import's tables up to date.
    pub async fn open(db: Db, settings: Settings, peers: Peers) -> Result<Arc<Self>, Error> {
        Ok(Arc::new(Self {
            store: Store::open(db).await?,
            settings,
            peers,
            running: Mutex::new(HashMap::new()),
            unstored: Mutex::default(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }))
    }

    /// Imports a folder and waits for the end. `on_progress` is called some times a second and
    /// once at the end, `on_problem` for each file that fails, when it does. A run that stopped
    /// before its end is an `Ok` whose state is `Failed`.
    pub async fn import_run(
        self: &Arc<Self>,
        directory: &Path,
        on_progress: impl Fn(&Import) + Send,
        on_problem: impl Fn(&ImportProblem) + Send + Sync + 'static,
    ) -> Result<Import, Error> {
        let ready = self.prepare(directory, Box::new(on_problem)).await?;
        let mut news = ready.run.progress.watch();
        // Not one of the tracked tasks: `stop` must not wait for what only its caller moves on.
        let run = self.clone().carry_out(ready);
        tokio::pin!(run);
        let mut ticks = tokio::time::interval(TOLD_EVERY);
        let import = loop {
            tokio::select! {
                import = &mut run => break import,
                _ = ticks.tick() => on_progress(&news.borrow_and_update()),
            }
        };
        on_progress(&import);
        Ok(import)
    }

    /// Starts to import a folder in the background.
    pub async fn import_start(self: &Arc<Self>, directory: &Path) -> Result<Import, Error> {
        let ready = self.prepare(directory, Box::new(|_| {})).await?;
        let import = ready.run.progress.watch().borrow().clone();
        self.tasks.spawn(self.clone().carry_out(ready));
        Ok(import)
    }

    /// An import of now or before; `None` where there was none.
    pub async fn import_view(&self, id: ImportId) -> Result<Option<Import>, Error> {
        if let Some(news) = self.import_watch(id) {
            return Ok(Some(news.borrow().clone()));
        }
        let Some((root, mut import)) = self.store.import(id).await? else { return Ok(None) };
        if let Some(end) = self.unstored().iter().find(|end| end.id == id) {
            return Ok(Some(end.clone()));
        }
        // Another process may be at it; if none holds the lock, whoever did is dead.
        if !has_ended(&import) && self.lock(&root).is_ok() {
            import.state = ImportState::Failed;
            import.remaining_ms = None;
            import.failure = Some(
                "the server ended before the import did; start it again and it goes on".to_owned(),
            );
        }
        Ok(Some(import))
    }

    /// Progress of a running import; `None` where it does not run in this process now.
    pub fn import_watch(&self, id: ImportId) -> Option<watch::Receiver<Import>> {
        self.running().get(&id).map(|running| running.progress.watch())
    }

    /// Progress of an import wherever it runs: of one in another process, as that stores it. The
    /// last news are those of its end. `None` where there was no such import.
    pub async fn import_follow(
        self: &Arc<Self>,
        id: ImportId,
    ) -> Result<Option<watch::Receiver<Import>>, Error> {
        if let Some(news) = self.import_watch(id) {
            return Ok(Some(news));
        }
        let Some(import) = self.import_view(id).await? else { return Ok(None) };
        let (sender, news) = watch::channel(import);
        let service = self.clone();
        tokio::spawn(async move {
            while !has_ended(&sender.borrow().clone()) {
                tokio::select! {
                    () = tokio::time::sleep(STORED_EVERY) => {}
                    () = sender.closed() => return,
                    () = service.stop.cancelled() => return,
                }
                match service.import_view(id).await {
                    Ok(Some(import)) => sender.send_replace(import),
                    Ok(None) => return,
                    // The store may answer the next time.
                    Err(_) => continue,
                };
            }
        });
        Ok(Some(news))
    }

    /// Where the audio of a track is; `None` where it is unknown or its file is missing. Of
    /// several files with the same content, one that is there as it was when imported.
    pub async fn locate(&self, track: TrackId) -> Result<Option<Located>, Error> {
        let sources = self.store.sources(track).await?;
        let intact = tokio::task::spawn_blocking(move || {
            let is_intact = |source: &Located| {
                scan::look(&source.path) == Some((source.size_bytes, source.mtime_us))
            };
            // One that changed since is better than none: delivery sees that it did.
            let there = |source: &Located| scan::look(&source.path).is_some();
            let best = sources.iter().position(is_intact);
            let idx = best.or_else(|| sources.iter().position(there))?;
            sources.into_iter().nth(idx)
        });
        Ok(intact.await.unwrap_or(None))
    }

    /// Ends running imports after what is found is stored; new ones are refused. Imports in the
    /// background are waited for, but not for ever; one that [`Self::import_run`] runs ends with
    /// that call.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(STOP_TIME, self.tasks.wait()).await.is_err() {
            tracing::warn!("an import did not stop in time; it goes on where it was the next time");
        }
    }

    async fn prepare(
        self: &Arc<Self>,
        directory: &Path,
        on_problem: OnProblem,
    ) -> Result<Ready, Error> {
        if self.stop.is_cancelled() {
            return Err(Error::Stopping);
        }
        let directory = resolve(directory)?;
        let root = RootId::of(&directory);
        let lock = self.lock_patiently(&root).await?;
        let started_at_us = now_us();
        let id = ImportId::new(started_at_us.cast_unsigned() / 1_000, rand::random());
        let import = Import {
            id,
            directory: directory.display().to_string(),
            state: ImportState::Scanning,
            n_found: 0,
            n_done: 0,
            n_added: 0,
            n_changed: 0,
            n_moved: 0,
            n_unchanged: 0,
            n_failed: 0,
            n_missing: 0,
            files_per_s: 0.0,
            realtime_x: 0.0,
            remaining_ms: None,
            problems: Vec::new(),
            failure: None,
            started_at_us,
            finished_at_us: None,
        };
        self.store.import_put(&root, &import).await?;
        let progress = Arc::new(Progress::new(import, on_problem));
        self.running().insert(id, Running { root: root.clone(), progress: progress.clone() });
        let listed = Listed { service: self.clone(), id };
        let n_cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let n_workers = self.settings.n_workers;
        let covers = CoverFinder::new(self.peers.covers.clone(), directory.clone());
        let run = Run {
            root,
            directory,
            covers: Arc::new(AsyncMutex::new(covers)),
            store: self.store.clone(),
            peers: self.peers.clone(),
            worker: Arc::new(self.settings.worker.clone()),
            n_workers: if n_workers == 0 { n_cores } else { n_workers },
            stop: self.stop.clone(),
            progress,
        };
        Ok(Ready { run, lock, listed })
    }

    async fn carry_out(self: Arc<Self>, ready: Ready) -> Import {
        let Ready { run, lock, listed } = ready;
        let id = listed.id;
        tracing::info!(import.id = %id, directory = %run.directory.display(), "import started");
        let stored = async {
            let mut ticks = tokio::time::interval(STORED_EVERY);
            ticks.tick().await;
            loop {
                ticks.tick().await;
                let import = run.progress.watch().borrow().clone();
                // The end is stored for certain, or reported; until then this is a courtesy.
                if let Err(error) = self.store.import_put(&run.root, &import).await {
                    tracing::debug!(%error, "progress was not stored");
                }
            }
        };
        let failure = tokio::select! {
            result = run.to_end() => result.err(),
            () = stored => None,
        };
        if let Some(failure) = &failure {
            tracing::error!(import.id = %id, failure = failure.in_words(), "import stopped early");
        }
        let import = run.progress.ended(failure.map(|failure| failure.in_words()), now_us());
        if let Err(error) = self.store.import_put(&run.root, &import).await {
            tracing::error!(import.id = %id, %error, "the end of the import was not stored");
            let mut unstored = self.unstored();
            unstored.truncate(UNSTORED_MAX - 1);
            unstored.push_front(import.clone());
        }
        // Whoever hears of the end may start the next at once.
        drop(lock);
        run.progress.tell_end();
        tracing::info!(
            import.id = %id,
            n_added = import.n_added,
            n_changed = import.n_changed,
            n_moved = import.n_moved,
            n_unchanged = import.n_unchanged,
            n_failed = import.n_failed,
            n_missing = import.n_missing,
            "import ended"
        );
        import
    }

    async fn lock_patiently(&self, root: &RootId) -> Result<Lock, Error> {
        for _ in 1..LOCK_TRIES {
            match self.lock(root) {
                Err(Error::AlreadyRunning { import: None }) => {
                    tokio::time::sleep(LOCK_PAUSE).await;
                }
                locked => return locked,
            }
        }
        self.lock(root)
    }

    /// Locks a root, for this process and against others.
    fn lock(&self, root: &RootId) -> Result<Lock, Error> {
        let path = self.settings.lock_dir.join(format!("import-{}.lock", root.0));
        let failed = |source| Error::Lock { path: path.clone(), source };
        std::fs::create_dir_all(&self.settings.lock_dir).map_err(failed)?;
        let file =
            File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Lock(file)),
            Err(std::fs::TryLockError::WouldBlock) => {
                let running = self.running();
                let import =
                    running.iter().find(|(_, running)| running.root == *root).map(|(id, _)| *id);
                Err(Error::AlreadyRunning { import })
            }
            Err(std::fs::TryLockError::Error(source)) => Err(failed(source)),
        }
    }

    fn unstored(&self) -> MutexGuard<'_, VecDeque<Import>> {
        self.unstored.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn running(&self) -> MutexGuard<'_, HashMap<ImportId, Running>> {
        // Whole after every change: a panic elsewhere spoils nothing.
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn has_ended(import: &Import) -> bool {
    matches!(import.state, ImportState::Done | ImportState::Failed)
}

/// The folder itself, links resolved, so that it is one root however it is named.
fn resolve(directory: &Path) -> Result<PathBuf, Error> {
    let shown = directory.display();
    let refuse = |text: String| Err(Error::Directory(text));
    if !directory.is_absolute() {
        return refuse(format!("`{shown}` is not an absolute path."));
    }
    let resolved = match std::fs::canonicalize(directory) {
        Ok(resolved) => resolved,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return refuse(format!("There is no folder `{shown}` on the server's machine."));
        }
        Err(error) => return refuse(format!("The folder `{shown}` cannot be opened: {error}.")),
    };
    if !resolved.is_dir() {
        return refuse(format!("`{shown}` is not a folder."));
    }
    match std::fs::read_dir(&resolved) {
        Ok(_) => Ok(resolved),
        Err(error) => refuse(format!("The folder `{shown}` cannot be read: {error}.")),
    }
}

fn now_us() -> i64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX)
}
