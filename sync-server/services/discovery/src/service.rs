//! The service as the server sees it: follow, search, rebuild.

use std::{collections::HashMap, path::Path, sync::Arc};

use api::search::{Hit, QUERY_CHARS_MAX, SearchAnswer, SearchKind, Span};
use domain::{ArtistId, ReleaseId, TrackId};
use engine_search::{Grade, Index, Kind, Query, highlight};
use tokio::{
    sync::{Mutex, Notify, Semaphore},
    task::JoinError,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    fill::{Target, fill},
    follow::follow,
    peer::{self, PeerError},
};

/// Searches that may look through the index at once; more wait.
const SEARCHES_MAX: usize = 16;

/// Search failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the search index")]
    Index(#[from] engine_search::Error),
    #[error("the catalog")]
    Catalog(#[from] PeerError),
    #[error("work on the search index broke off")]
    Panicked(#[source] JoinError),
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
    pub(crate) index: Arc<Index>,
    pub(crate) catalog: Arc<dyn peer::Catalog>,
    pub(crate) wake: Notify,
    /// Held while a rebuilt index takes over, and while changes are made to the living one.
    pub(crate) taking_over: Arc<Mutex<()>>,
    searches: Semaphore,
    /// One at a time of those that were started in the background.
    rebuilds: Arc<Semaphore>,
}

impl Service {
    /// Opens the index in a folder of its own, which is made where it is missing. A damaged
    /// index is replaced by an empty one, which [`Service::run`] fills again.
    pub async fn open(dir: &Path, catalog: Arc<dyn peer::Catalog>) -> Result<Arc<Self>, Error> {
        let dir = dir.to_owned();
        let opened = tokio::task::spawn_blocking(move || Index::open(&dir)).await;
        let index = Arc::new(opened.map_err(Error::Panicked)??);
        Ok(Arc::new(Self {
            index,
            catalog,
            wake: Notify::new(),
            taking_over: Arc::default(),
            searches: Semaphore::new(SEARCHES_MAX),
            rebuilds: Arc::new(Semaphore::new(1)),
        }))
    }

    /// Follows the catalog until `stop`: fills a new index, then applies every change within a
    /// second of it. Failures are logged and tried again.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        follow(self, stop).await;
    }

    /// The catalog has changed: [`Service::run`] looks at once instead of at its next round.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Makes the index anew from the catalog beside the present one, which goes on answering
    /// until the new one takes its place.
    pub async fn rebuild(&self) -> Result<Rebuilt, Error> {
        let taking_over = Arc::clone(&self.taking_over);
        let target = Target::Beside { taking_over };
        let rebuilt = fill(Arc::clone(&self.index), self.catalog.as_ref(), target).await?;
        self.wake();
        Ok(rebuilt)
    }

    /// Starts a rebuild in the background; its end is logged. `Err` where one is running.
    pub fn rebuild_start(self: &Arc<Self>) -> Result<(), Error> {
        let only = Arc::clone(&self.rebuilds).try_acquire_owned();
        let (Ok(only), false) = (only, self.index.is_rebuilding()) else {
            return Err(engine_search::Error::RebuildRunning.into());
        };
        let service = Arc::clone(self);
        tokio::spawn(async move {
            let rebuilt = service.rebuild().await;
            drop(only);
            match rebuilt {
                Ok(rebuilt) => tracing::info!(
                    n_tracks = rebuilt.n_tracks,
                    n_artists = rebuilt.n_artists,
                    n_releases = rebuilt.n_releases,
                    "the search index is rebuilt"
                ),
                Err(error) => tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the search index could not be rebuilt; the old one goes on"
                ),
            }
        });
        Ok(())
    }

    /// What matches a query, best first, at most `limit` of each kind. Only the first
    /// [`QUERY_CHARS_MAX`] characters are looked at.
    pub async fn search(&self, text: &str, limit: usize) -> Result<SearchAnswer, Error> {
        let text: String = text.chars().take(QUERY_CHARS_MAX).collect();
        let query = Arc::new(Query::parse(&text));
        let found = {
            // The semaphore is never closed.
            let _permit = self.searches.acquire().await;
            let query = Arc::clone(&query);
            on_disk(&self.index, move |index| index.search(&query, limit)).await?
        };
        let tracks: Vec<TrackId> = ids(&found.tracks, TrackId::from_uuid);
        let artists: Vec<ArtistId> = ids(&found.artists, ArtistId::from_uuid);
        let releases: Vec<ReleaseId> = ids(&found.releases, ReleaseId::from_uuid);
        let catalog = &self.catalog;
        let (tracks, artists, releases) = tokio::try_join!(
            unless_empty(&tracks, catalog.tracks_by_id(&tracks)),
            unless_empty(&artists, catalog.artists_by_id(&artists)),
            unless_empty(&releases, catalog.releases_by_id(&releases)),
        )?;
        let mut answer = SearchAnswer {
            query: text.split_whitespace().collect::<Vec<_>>().join(" "),
            top: None,
            tracks: hits(&query, &found.tracks, tracks, |t| (t.id.uuid(), &t.title)),
            artists: hits(&query, &found.artists, artists, |a| (a.id.uuid(), &a.name)),
            releases: hits(&query, &found.releases, releases, |r| (r.id.uuid(), &r.title)),
        };
        answer.top = found.top.map(search_kind).filter(|top| match top {
            SearchKind::Track => !answer.tracks.is_empty(),
            SearchKind::Artist => !answer.artists.is_empty(),
            SearchKind::Release => !answer.releases.is_empty(),
        });
        Ok(answer)
    }
}

/// Does something that may wait for the disk, off the async threads.
pub(crate) async fn on_disk<T: Send + 'static>(
    index: &Arc<Index>,
    work: impl FnOnce(&Index) -> Result<T, engine_search::Error> + Send + 'static,
) -> Result<T, Error> {
    let index = Arc::clone(index);
    let done = tokio::task::spawn_blocking(move || work(&index)).await;
    Ok(done.map_err(Error::Panicked)??)
}

fn ids<T>(hits: &[engine_search::Hit], id: impl Fn(Uuid) -> T) -> Vec<T> {
    hits.iter().map(|hit| id(hit.id)).collect()
}

/// Asks only where there is something to ask for.
async fn unless_empty<I, T>(
    ids: &[I],
    ask: impl Future<Output = Result<Vec<T>, PeerError>>,
) -> Result<Vec<T>, PeerError> {
    if ids.is_empty() { Ok(Vec::new()) } else { ask.await }
}

/// Puts the catalog's items in the order of the hits. What is gone from the catalog meanwhile
/// is left out.
fn hits<T>(
    query: &Query,
    found: &[engine_search::Hit],
    items: Vec<T>,
    look: impl Fn(&T) -> (Uuid, &String),
) -> Vec<Hit<T>> {
    let mut by_id: HashMap<Uuid, T> = items.into_iter().map(|item| (look(&item).0, item)).collect();
    let hit = |hit: &engine_search::Hit| {
        let item = by_id.remove(&hit.id)?;
        let spans = highlight(look(&item).1, query, hit.grade > Grade::Named);
        let highlight =
            spans.into_iter().map(|s| Span { text: s.text, is_match: s.is_match }).collect();
        Some(Hit { item, highlight, score: hit.score })
    };
    found.iter().filter_map(hit).collect()
}

fn search_kind(kind: Kind) -> SearchKind {
    match kind {
        Kind::Track => SearchKind::Track,
        Kind::Artist => SearchKind::Artist,
        Kind::Release => SearchKind::Release,
    }
}
