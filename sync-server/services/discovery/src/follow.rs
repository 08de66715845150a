//! The task that keeps the index up with the catalog.

use std::{convert::Infallible, sync::Arc, time::Duration};

use engine_search::Index;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    documents::changed,
    fill::{Target, fill},
    service::{Error, Service, on_disk},
};

/// How long a change waits at most before it is looked at, where nobody calls
/// [`Service::wake`].
const ROUND: Duration = Duration::from_millis(500);
/// Pause after a failure.
const PAUSE: Duration = Duration::from_secs(2);
/// Changes read at once.
const BATCH: u32 = 500;
/// Uncommitted changes at which a commit is due, however many more there are.
const COMMIT_CHANGES: usize = 20_000;
/// Time after which a commit is due as well.
const COMMIT_AFTER: Duration = Duration::from_secs(2);
/// Changes after which the index is merged once they are all in.
const COMPACT_CHANGES: usize = 50_000;

/// Follows until `stop`. What a failure or the stop leaves uncommitted is handed over again
/// next time.
pub(crate) async fn follow(service: Arc<Service>, stop: CancellationToken) {
    loop {
        let followed = tokio::select! {
            followed = follow_from_commit(&service) => followed,
            () = stop.cancelled() => return,
        };
        let Err(error) = followed;
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "the search index could not follow the catalog and tries again"
        );
        if let Err(error) = on_disk(&service.index, Index::rollback).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the search index could not be rolled back"
            );
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Where the task stands.
struct Follower<'a> {
    service: &'a Service,
    /// Of the index that is followed for: a rebuild puts another in its place.
    generation: u64,
    /// Up to here, changes have been handed to the index.
    position: i64,
    n_uncommitted: usize,
    committed_at: Instant,
    n_uncompacted: usize,
}

/// Follows from the last commit on until something fails.
async fn follow_from_commit(service: &Service) -> Result<Infallible, Error> {
    if on_disk(&service.index, Index::position).await?.is_none() {
        let index = Arc::clone(&service.index);
        let filled = fill(index, service.catalog.as_ref(), Target::Living).await?;
        tracing::info!(
            n_tracks = filled.n_tracks,
            n_artists = filled.n_artists,
            n_releases = filled.n_releases,
            "the search index is filled"
        );
    }
    let mut follower = Follower {
        service,
        generation: service.index.generation(),
        position: on_disk(&service.index, Index::position).await?.unwrap_or(0),
        n_uncommitted: 0,
        committed_at: Instant::now(),
        n_uncompacted: 0,
    };
    loop {
        if follower.step().await? {
            // Either way it is time to look again.
            let _ = tokio::time::timeout(ROUND, service.wake.notified()).await;
        }
    }
}

impl Follower<'_> {
    /// Takes one batch of changes; true where that was all there is.
    async fn step(&mut self) -> Result<bool, Error> {
        let index = &self.service.index;
        // No rebuild takes over between reading the position and committing it.
        let _same_index = self.service.taking_over.lock().await;
        if self.generation != index.generation() {
            self.generation = index.generation();
            self.position = on_disk(index, Index::position).await?.unwrap_or(0);
            self.n_uncommitted = 0;
        }
        let catalog = self.service.catalog.as_ref();
        let changes = catalog.changes_after(self.position, BATCH).await?;
        let is_all = changes.len() < BATCH as usize;
        if let Some(last) = changes.last() {
            let changed = changed(catalog, &changes).await?;
            on_disk(index, move |index| index.change(&changed.puts, &changed.removals)).await?;
            self.position = last.seq;
            self.n_uncommitted += changes.len();
        }
        let is_due = is_all
            || self.n_uncommitted >= COMMIT_CHANGES
            || self.committed_at.elapsed() >= COMMIT_AFTER;
        if self.n_uncommitted > 0 && is_due {
            let position = self.position;
            on_disk(index, move |index| index.commit(Some(position))).await?;
            self.n_uncompacted += self.n_uncommitted;
            self.n_uncommitted = 0;
            self.committed_at = Instant::now();
        } else if is_all {
            on_disk(index, Index::refresh).await?;
        }
        if is_all && self.n_uncompacted >= COMPACT_CHANGES {
            on_disk(index, Index::compact).await?;
            self.n_uncompacted = 0;
        }
        Ok(is_all)
    }
}
