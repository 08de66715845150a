//! The import as the server sees it: run, watch, look up.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    sync::Arc,
};

use api::imports::Import;
use domain::{ImportId, TrackId};
use engine_sql::Db;
use tokio::sync::watch;

use crate::peer::{Catalog, Covers};

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

/// A program that ends up in [`crate::decode_worker::main`].
#[derive(Clone, Debug)]
pub struct WorkerCommand {
    pub program: PathBuf,
    pub args: Vec<OsString>,
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
    #[error("an import of this folder is already running")]
    AlreadyRunning { import: Option<ImportId> },
    #[error("the server is stopping")]
    Stopping,
    #[error("lock the folder {path} for the import")]
    Lock { path: PathBuf, #[source] source: std::io::Error },
    #[error("the import's store")]
    Store(#[from] engine_sql::Error),
}

/// The library import.
pub struct Service {
    db: Db,
    settings: Settings,
    peers: Peers,
}

impl Service {
    /// Brings the import's tables up to date.
    pub async fn open(db: Db, settings: Settings, peers: Peers) -> Result<Arc<Self>, Error> {
        Ok(Arc::new(Self { db, settings, peers }))
    }

    /// Imports a folder and waits for the end. `on_progress` is called some times a second and
    /// once at the end. A run that stopped before its end is an `Ok` whose state is `Failed`.
    pub async fn import_run(
        self: &Arc<Self>,
        directory: &Path,
        on_progress: impl Fn(&Import) + Send,
    ) -> Result<Import, Error> {
        todo!()
    }

    /// Starts to import a folder in the background.
    pub async fn import_start(self: &Arc<Self>, directory: &Path) -> Result<Import, Error> {
        todo!()
    }

    /// An import of now or before; `None` where there was none.
    pub async fn import_view(&self, id: ImportId) -> Result<Option<Import>, Error> {
        todo!()
    }

    /// Progress of a running import; `None` where it does not run now.
    pub fn import_watch(&self, id: ImportId) -> Option<watch::Receiver<Import>> {
        todo!()
    }

    /// Where the audio of a track is; `None` where it is unknown or its file is missing.
    pub async fn locate(&self, track: TrackId) -> Result<Option<Located>, Error> {
        todo!()
    }

    /// Ends running imports after what they have in hand is stored; new ones are refused.
    pub async fn stop(&self) {
        todo!()
    }
}
