//! The database file: opened once, set aside when it is damaged.

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use rusqlite::Connection;

use crate::{Error, Result, schema};

const DATABASE: &str = "player.db";

/// The data on this device. Clones share it; calls wait for each other.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    connection: Mutex<Connection>,
    folder: PathBuf,
    /// Held as long as the store is open; the operating system lets go of it after a crash too.
    lock: File,
}

/// A store, and what the listener should know about how it was opened.
pub struct Opened {
    pub store: Store,
    /// The database was damaged and lies here now; an empty one took its place.
    pub set_aside: Option<PathBuf>,
}

impl Store {
    /// Opens the data in `folder`, which is made where it does not exist. Only one store may have
    /// a folder open, in any process.
    pub fn open(folder: &Path) -> Result<Opened> {
        let in_folder = |source| Error::Folder { path: folder.to_owned(), source };
        fs::create_dir_all(folder).map_err(in_folder)?;
        let lock = lock(folder)?;
        let path = folder.join(DATABASE);
        let (connection, set_aside) = match connect(&path) {
            Ok(connection) => (connection, None),
            Err(damage) if damage.is_corruption() => {
                tracing::error!(error = %damage, "the database is damaged and is set aside");
                let aside = set_aside(&path).map_err(in_folder)?;
                (connect(&path)?, Some(aside))
            }
            Err(error) => return Err(error),
        };
        let connection = Mutex::new(connection);
        let inner = Inner { connection, folder: folder.to_owned(), lock };
        let store = Self { inner: Arc::new(inner) };
        store.plays_close_all()?;
        Ok(Opened { store, set_aside })
    }

    /// Lets another store have the folder, for when all that matters is saved. What clones of this
    /// one still write is safe, but may come late.
    pub fn release(&self) {
        if let Err(error) = self.inner.lock.unlock() {
            tracing::warn!(%error, "the data folder stays locked until the app ends");
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.inner.folder
    }

    /// A panic in another call cannot have left a transaction open: they roll back when dropped.
    pub(crate) fn connection(&self) -> MutexGuard<'_, Connection> {
        self.inner.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lock(folder: &Path) -> Result<File> {
    let path = folder.join("lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|source| Error::Folder { path: folder.to_owned(), source })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::InUse { path: folder.to_owned() }),
        Err(TryLockError::Error(source)) => Err(Error::Folder { path: folder.to_owned(), source }),
    }
}

fn connect(path: &Path) -> Result<Connection> {
    let sql = Error::sql;
    let mut connection = Connection::open(path).map_err(sql("opening the database"))?;
    connection
        .busy_timeout(Duration::from_secs(5))
        .and_then(|()| connection.pragma_update(None, "journal_mode", "WAL"))
        // In WAL mode a crash of the app loses nothing; one of the machine, the last moments.
        .and_then(|()| connection.pragma_update(None, "synchronous", "NORMAL"))
        .map_err(sql("setting the database up"))?;
    check(&connection)?;
    schema::migrate(&mut connection)?;
    Ok(connection)
}

fn check(connection: &Connection) -> Result<()> {
    let verdict: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(Error::sql("checking the database"))?;
    if verdict == "ok" {
        return Ok(());
    }
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
    let source = rusqlite::Error::SqliteFailure(code, Some(verdict));
    Err(Error::Sql { operation: "checking the database", source })
}

/// Renames the damaged file and its companions with the time; never deletes.
fn set_aside(path: &Path) -> std::io::Result<PathBuf> {
    let seconds = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs());
    let aside = (0_u32..100)
        .map(|n| path.with_file_name(format!("{DATABASE}.damaged-{seconds}-{n}")))
        .find(|candidate| !candidate.exists())
        .ok_or_else(|| std::io::Error::other("a hundred damaged databases in one second"))?;
    fs::rename(path, &aside)?;
    for companion in ["-wal", "-shm"] {
        let with = |base: &Path| {
            let mut name = base.as_os_str().to_owned();
            name.push(companion);
            PathBuf::from(name)
        };
        match fs::rename(with(path), with(&aside)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(aside)
}
