//! The service as the server sees it: follow, search, rebuild.

use std::{path::Path, sync::Arc};

use api::search::SearchAnswer;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::peer::{self, PeerError};

/// Search failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the search index")]
    Index(#[from] engine_search::Error),
    #[error("the catalog")]
    Catalog(#[from] PeerError),
    #[error("a rebuild is already running")]
    RebuildRunning,
    #[error("the server is stopping")]
    Stopping,
}

/// What a rebuild put into the new index.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Rebuilt {
    pub n_tracks: u64,
    pub n_artists: u64,
    pub n_releases: u64,
}

/// Search over the catalog.
pub struct Service {
    catalog: Arc<dyn peer::Catalog>,
    wake: Notify,
}

impl Service {
    /// Opens the index in a folder of its own, which is made where it is missing. A damaged
    /// index is replaced by an empty one, which [`Service::run`] fills again.
    pub async fn open(dir: &Path, catalog: Arc<dyn peer::Catalog>) -> Result<Arc<Self>, Error> {
        unimplemented!("{}", dir.display())
    }

    /// Follows the catalog until `stop`: fills a new index, then applies every change within a
    /// second of it. Failures are logged and tried again.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        unimplemented!()
    }

    /// The catalog has changed: [`Service::run`] looks at once instead of at its next round.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Makes the index anew from the catalog beside the present one, which goes on answering
    /// until the new one takes its place.
    pub async fn rebuild(&self) -> Result<Rebuilt, Error> {
        unimplemented!()
    }

    /// What matches a query, best first, at most `limit` of each kind.
    pub async fn search(&self, query: &str, limit: usize) -> Result<SearchAnswer, Error> {
        unimplemented!()
    }
}
