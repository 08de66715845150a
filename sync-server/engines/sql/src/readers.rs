//! Connections for queries that change nothing.
//!
//! On SQLite they are kept here and not in a pool of the driver, which asks each connection whether
//! it is still there before it takes it back: twice the way to the connection's thread, for a file
//! that does not go away. Here it is asked once a second.

use std::{
    fmt,
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use futures::{
    TryFutureExt as _, TryStreamExt as _,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use sqlx::{
    Any, AnyConnection, AnyPool, Connection as _, Either, Error, Execute, Executor, SqlStr,
    any::{AnyQueryResult, AnyRow, AnyStatement, AnyTypeInfo},
    pool::PoolConnection,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// A connection that has not been asked for so long is asked whether it is still there.
const ASKED_EVERY: Duration = Duration::from_secs(1);

/// Where reading happens: queries run on it as on a pool.
#[derive(Clone, Debug)]
pub struct Readers(Source);

#[derive(Clone, Debug)]
enum Source {
    Shelf(Arc<Shelf>),
    Pool(AnyPool),
}

/// Connections of a file, the last one that was used on top: the fewer are used, the warmer.
struct Shelf {
    url: String,
    settings: &'static str,
    n_connections: u32,
    acquire_timeout: Duration,
    idle: Mutex<Vec<Connected>>,
    free: Arc<Semaphore>,
}

struct Connected {
    connection: AnyConnection,
    asked_at: Instant,
}

/// A connection on loan.
pub struct Reader(Lent);

enum Lent {
    OfShelf {
        /// Present until dropped.
        connected: Option<Connected>,
        shelf: Arc<Shelf>,
        _permit: OwnedSemaphorePermit,
    },
    OfPool(PoolConnection<Any>),
}

impl Readers {
    /// Of a file: `settings` are run on each of at most `n_connections` as it opens.
    pub(crate) fn of_file(
        url: &str,
        settings: &'static str,
        n_connections: u32,
        acquire_timeout: Duration,
    ) -> Self {
        Self(Source::Shelf(Arc::new(Shelf {
            url: url.to_owned(),
            settings,
            n_connections,
            acquire_timeout,
            idle: Mutex::default(),
            free: Arc::new(Semaphore::new(n_connections as usize)),
        })))
    }

    pub(crate) fn of_pool(pool: AnyPool) -> Self {
        Self(Source::Pool(pool))
    }

    /// A connection for several queries.
    pub async fn acquire(&self) -> Result<Reader, Error> {
        match &self.0 {
            Source::Shelf(shelf) => shelf.lend().await,
            Source::Pool(pool) => Ok(Reader(Lent::OfPool(pool.acquire().await?))),
        }
    }

    /// Waits until every connection is back and closes them.
    pub(crate) async fn close(&self) {
        match &self.0 {
            Source::Shelf(shelf) => shelf.close().await,
            Source::Pool(pool) => pool.close().await,
        }
    }
}

impl Shelf {
    async fn lend(self: &Arc<Self>) -> Result<Reader, Error> {
        let turn = timeout(self.acquire_timeout, Arc::clone(&self.free).acquire_owned());
        let permit = turn.await.map_err(|_| Error::PoolTimedOut)?;
        let permit = permit.map_err(|_| Error::PoolClosed)?;
        let connected = match self.take_living().await {
            Some(living) => living,
            None => Connected { connection: self.connect().await?, asked_at: Instant::now() },
        };
        let (connected, shelf) = (Some(connected), Arc::clone(self));
        Ok(Reader(Lent::OfShelf { connected, shelf, _permit: permit }))
    }

    /// One that is there. The driver's threads end by bugs of its own alone.
    async fn take_living(&self) -> Option<Connected> {
        loop {
            let mut connected = self.idle().pop()?;
            if connected.asked_at.elapsed() < ASKED_EVERY {
                return Some(connected);
            }
            match connected.connection.ping().await {
                Ok(()) => return Some(Connected { asked_at: Instant::now(), ..connected }),
                Err(error) => tracing::warn!(%error, "a connection that reads is gone"),
            }
        }
    }

    async fn connect(&self) -> Result<AnyConnection, Error> {
        let mut connection = AnyConnection::connect(&self.url).await?;
        connection.execute(self.settings).await?;
        Ok(connection)
    }

    async fn close(&self) {
        let Ok(_all) = self.free.acquire_many(self.n_connections).await else { return };
        self.free.close();
        let idle = std::mem::take(&mut *self.idle());
        for Connected { connection, .. } in idle {
            if let Err(error) = connection.close().await {
                tracing::debug!(%error, "a connection that reads did not close");
            }
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connected>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shelf").field("n_connections", &self.n_connections).finish_non_exhaustive()
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reader")
    }
}

impl Deref for Reader {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        match &self.0 {
            Lent::OfShelf { connected, .. } => {
                &connected.as_ref().expect("present until dropped").connection
            }
            Lent::OfPool(connection) => connection,
        }
    }
}

impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        match &mut self.0 {
            Lent::OfShelf { connected, .. } => {
                &mut connected.as_mut().expect("present until dropped").connection
            }
            Lent::OfPool(connection) => connection,
        }
    }
}

/// A query that was cut off holds nothing up: its rows have nobody to go to, and the thread of the
/// connection goes on with the next one.
impl Drop for Reader {
    fn drop(&mut self) {
        // Before the permit, which goes with the fields.
        if let Lent::OfShelf { connected, shelf, .. } = &mut self.0 {
            shelf.idle().extend(connected.take());
        }
    }
}

impl<'c> Executor<'c> for &'_ Readers {
    type Database = Any;

    /// All at once: what reads here reads by pages.
    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, Result<Either<AnyQueryResult, AnyRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        let readers = self.clone();
        let steps = async move {
            let steps: Vec<_> = readers.acquire().await?.fetch_many(query).try_collect().await?;
            Ok(stream::iter(steps.into_iter().map(Ok)))
        };
        Box::pin(steps.try_flatten_stream())
    }

    fn fetch_all<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Vec<AnyRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        let readers = self.clone();
        Box::pin(async move { readers.acquire().await?.fetch_all(query).await })
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<AnyRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Any>,
    {
        let readers = self.clone();
        Box::pin(async move { readers.acquire().await?.fetch_optional(query).await })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [AnyTypeInfo],
    ) -> BoxFuture<'e, Result<AnyStatement, Error>>
    where
        'c: 'e,
    {
        let readers = self.clone();
        Box::pin(async move { readers.acquire().await?.prepare_with(sql, parameters).await })
    }
}
