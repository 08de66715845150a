//! The handle on a database.

use std::{error::Error as StdError, time::Duration};

use sqlx::{
    Any, AnyConnection, AnyPool, Connection as _, Executor as _, Row as _, Transaction,
    any::AnyPoolOptions, pool::PoolConnection,
};

use crate::{
    Error, Readers, Tx,
    retry::{TRIES_MAX, is_retryable, pause},
    tx::Home,
};

/// Readers on SQLite beside the one writer; connections in all on PostgreSQL.
const READERS_MAX: u32 = 8;

/// A larger database is built anew beside its file, not in memory: 64 MiB.
const REBUILT_IN_MEMORY_MAX: i64 = 64 * 1024 * 1024;

/// How long a caller waits for a free connection before the answer is an error.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// Settings of every SQLite connection. WAL lets readers go on beside the writer and survives
/// a crash; `FULL` makes a commit that was answered survive a power cut as well (one fsync per
/// transaction, which imports amortise over a batch); a lock held by another process is waited
/// for; what is deleted is overwritten ([`Db::forget`] says what that leaves). The cache is 2 MB per
/// connection: the system's own cache of the file is behind it.
const SQLITE_SETTINGS: &str = "PRAGMA busy_timeout = 5000; \
     PRAGMA journal_mode = WAL; \
     PRAGMA synchronous = FULL; \
     PRAGMA secure_delete = ON; \
     PRAGMA temp_store = MEMORY; \
     PRAGMA cache_size = -2048; \
     PRAGMA journal_size_limit = 67108864";

/// Which family answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// A database: cheap to clone, one per process.
///
/// Reads go through [`Db::read`], every change through [`Db::with_tx`].
#[derive(Clone, Debug)]
pub struct Db {
    kind: Kind,
    readers: Readers,
    /// SQLite has one writer at a time: the queue for it is here, fair, and not in SQLite's
    /// polling busy handler. On PostgreSQL this is the pool of `readers`.
    writers: AnyPool,
}

impl Db {
    /// Opens `sqlite:///absolute/path?mode=rwc` or, with the feature `postgres`,
    /// `postgres://user:password@host/database`.
    pub async fn open(url: &str) -> Result<Self, Error> {
        sqlx::any::install_default_drivers();
        let kind = kind(url)?;
        let open = |source| Error::Open { url: without_password(url), source };
        match kind {
            Kind::Sqlite => {
                // One connection alone comes first, and makes the file: a pool tries a file that cannot be opened
                // again and again until its time is up.
                try_sqlite(url).await.map_err(|source| {
                    if is_damaged(&source) {
                        Error::Damaged { url: without_password(url), source }
                    } else {
                        open(source)
                    }
                })?;
                let writers = sqlite_writer().connect(url).await.map_err(open)?;
                let readers = Readers::of_file(url, SQLITE_SETTINGS, READERS_MAX, ACQUIRE_TIMEOUT);
                Ok(Self { kind, readers, writers })
            }
            Kind::Postgres => {
                let pool = pool(READERS_MAX * 2).connect(url).await.map_err(open)?;
                Ok(Self { kind, readers: Readers::of_pool(pool.clone()), writers: pool })
            }
        }
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Connections for queries that change nothing.
    pub fn read(&self) -> &Readers {
        &self.readers
    }

    /// Runs `work` in a transaction and commits it when that answers `Ok`, rolls back otherwise.
    ///
    /// `work` may run several times: when the database says that two transactions met
    /// (serialization failure, deadlock, busy), it starts over. So it changes nothing but
    /// the database, and ids and times that must stay the same are made outside.
    /// On SQLite the transaction is `IMMEDIATE`: it never fails half-way for want of the lock.
    ///
    /// The error type needs only wrap what the driver said somewhere in its chain of sources.
    ///
    /// ```
    /// # use engine_sql::{Db, Error, sqlx};
    /// # async fn example(db: &Db, id: &str, names: Vec<String>) -> Result<(), Error> {
    /// let names = &names; // Each run borrows what the caller owns.
    /// db.with_tx(|mut tx| async move {
    ///     for name in names {
    ///         sqlx::query("INSERT INTO name (id, name) VALUES ($1, $2)")
    ///             .bind(id.to_owned())
    ///             .bind(name.clone())
    ///             .execute(&mut *tx)
    ///             .await?;
    ///     }
    ///     Ok(())
    /// })
    /// .await
    /// # }
    /// ```
    // An `AsyncFnMut(&mut AnyConnection)` would read better, but the compiler cannot show yet
    // that its future is `Send` when the closure borrows, and every handler needs that.
    pub async fn with_tx<T, E, F, W>(&self, mut work: F) -> Result<T, E>
    where
        F: FnMut(Tx) -> W,
        W: Future<Output = Result<T, E>>,
        E: From<Error> + StdError + 'static,
    {
        for attempt in 1.. {
            let error = match self.try_tx(&mut work).await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            if attempt >= TRIES_MAX || !is_retryable(&error) {
                return Err(error);
            }
            tracing::debug!(attempt, "transactions met; trying again");
            tokio::time::sleep(pause(attempt)).await;
        }
        unreachable!("the loop above is endless")
    }

    /// Answers when the database does; for readiness checks.
    pub async fn ping(&self) -> Result<(), Error> {
        self.readers.execute("SELECT 1").await?;
        Ok(())
    }

    /// Waits until every connection is back and closes them, so that SQLite folds its log into
    /// the database file. The last thing before a process ends.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writers.close().await;
    }

    /// Leaves nothing in SQLite's files of what was deleted: a page that was split may keep pieces
    /// of rows that went to another one, so the database is built anew, and its log cut off.
    /// Writers wait for that, some seconds per gigabyte. PostgreSQL forgets in its own time
    /// (`VACUUM`, and its archive of logs).
    pub async fn forget(&self) -> Result<(), Error> {
        if self.kind == Kind::Postgres {
            return Ok(());
        }
        let mut writer = self.writer().await?;
        let sizes = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";
        let size_bytes: i64 = writer.fetch_one(sizes).await?.try_get(0)?;
        if size_bytes > REBUILT_IN_MEMORY_MAX {
            writer.execute("PRAGMA temp_store = FILE").await?;
        }
        let rebuilt = writer.execute("VACUUM").await;
        writer.execute("PRAGMA temp_store = MEMORY").await?;
        rebuilt?;
        // Waits for readers as long as `busy_timeout` says.
        let row = writer.fetch_one("PRAGMA wal_checkpoint(TRUNCATE)").await?;
        let is_busy: i64 = row.try_get(0)?;
        if is_busy == 0 { Ok(()) } else { Err(Error::LogInUse) }
    }

    async fn try_tx<T, E, F, W>(&self, work: &mut F) -> Result<T, E>
    where
        F: FnMut(Tx) -> W,
        W: Future<Output = Result<T, E>>,
        E: From<Error>,
    {
        let home = Home::default();
        let result = work(home.lend(self.begin().await?)).await;
        let tx = home.take().ok_or(Error::Kept)?;
        match result {
            Ok(value) => {
                tx.commit().await.map_err(Error::Transaction)?;
                Ok(value)
            }
            Err(error) => {
                // A rollback that fails changes nothing: the connection is dropped with it.
                if let Err(rollback) = tx.rollback().await {
                    tracing::debug!(error = %rollback, "rollback failed");
                }
                Err(error)
            }
        }
    }

    async fn begin(&self) -> Result<Transaction<'static, Any>, Error> {
        let begin = match self.kind {
            Kind::Sqlite => self.writers.begin_with("BEGIN IMMEDIATE").await,
            Kind::Postgres => self.writers.begin_with("BEGIN ISOLATION LEVEL SERIALIZABLE").await,
        };
        begin.map_err(Error::Transaction)
    }

    pub(crate) async fn writer(&self) -> Result<PoolConnection<Any>, sqlx::Error> {
        self.writers.acquire().await
    }
}

fn kind(url: &str) -> Result<Kind, Error> {
    let scheme = url.split(':').next().unwrap_or_default();
    match scheme {
        "sqlite" => Ok(Kind::Sqlite),
        "postgres" | "postgresql" if cfg!(feature = "postgres") => Ok(Kind::Postgres),
        _ => Err(Error::NoDriver { scheme: scheme.to_owned() }),
    }
}

/// Opens the file, making it where it is missing, and closes it again.
async fn try_sqlite(url: &str) -> Result<(), sqlx::Error> {
    let mut connection = AnyConnection::connect(url).await?;
    connection.execute(SQLITE_SETTINGS).await?;
    connection.close().await
}

/// `SQLITE_CORRUPT` and `SQLITE_NOTADB`.
fn is_damaged(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.and_then(|code| code.parse::<u32>().ok())
        .is_some_and(|code| matches!(code & 0xff, 11 | 26))
}

fn pool(n_connections: u32) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(n_connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        // A full disk makes SQLite end a transaction by itself. The driver does not notice and
        // would refuse every later one on this connection.
        .before_acquire(|connection, _| {
            Box::pin(async move { Ok(!connection.is_in_transaction()) })
        })
}

fn sqlite_writer() -> AnyPoolOptions {
    pool(1)
        // A file does not go away like a server does: no need to ask before each query, and a
        // connection keeps its prepared statements for good.
        .test_before_acquire(false)
        .max_lifetime(None)
        .idle_timeout(None)
        .after_connect(|connection, _| {
            Box::pin(async move { connection.execute(SQLITE_SETTINGS).await.map(drop) })
        })
}

/// For messages: `postgres://user:secret@host/db` loses what stands before the `@`.
fn without_password(url: &str) -> String {
    match (url.find("://"), url.rfind('@')) {
        (Some(scheme_end), Some(at)) if at > scheme_end => {
            format!("{}://{}", &url[..scheme_end], &url[at + 1..])
        }
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_carry_no_password() {
        assert_eq!(without_password("postgres://ann:p@ss@db:5432/m"), "postgres://db:5432/m");
        assert_eq!(without_password("sqlite:///var/m.db"), "sqlite:///var/m.db");
    }

    #[test]
    fn unknown_schemes_are_refused_by_name() {
        let Err(Error::NoDriver { scheme }) = kind("mysql://host/db") else {
            panic!("mysql was taken");
        };
        assert_eq!(scheme, "mysql");
    }
}
