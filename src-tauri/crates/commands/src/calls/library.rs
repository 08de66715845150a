//! Looking at the catalog and at what was played.

use std::collections::HashSet;

use domain::{Artist, Release, ReleaseId, Track, TrackId};
use futures::{StreamExt, stream};
use ipc::{
    ArtistPage, Fault, HistoryEntry, HomePage, ListQuery, Page, ReleasePage, SearchPage, Sort,
};
use local_store::StoredPlay;

use crate::{Facade, clock::blocking, fault, tracks};

/// Plays that the home page looks back on.
const LOOK_BACK: u32 = 300;

/// Tiles in a row of the home page.
const ROW: usize = 24;

/// Largest piece of the history that is answered with.
const HISTORY_MAX: u32 = 1_000;

impl Facade {
    pub async fn home_view(&self, _call: ipc::HomeGet) -> Result<HomePage, Fault> {
        let newest = ListQuery {
            sort: Sort::Added,
            is_descending: true,
            limit: ROW as u32,
            ..ListQuery::default()
        };
        let (newest, plays) =
            tokio::join!(self.inner.catalog.release_list(newest), self.plays(LOOK_BACK));
        let plays = plays?;
        let played = latest_of_each(&plays);
        let recently_added = match newest {
            Ok(page) => page.items,
            // What was played is worth showing alone.
            Err(_) if !played.is_empty() => Vec::new(),
            Err(fault) => return Err(fault),
        };
        let mut known = self.inner.tracks.get_all(&played).await?;
        let played: Vec<_> = played.iter().filter_map(|id| known.remove(id)).collect();
        let releases = distinct(played.iter().map(|track| track.release.id));
        Ok(HomePage {
            recently_added,
            recently_played: played.iter().take(ROW).map(|t| t.as_ref().clone()).collect(),
            jump_back_in: self.releases(releases).await,
        })
    }

    /// Those that can be had, in their order.
    async fn releases(&self, ids: Vec<ReleaseId>) -> Vec<Release> {
        stream::iter(ids.into_iter().take(ROW / 2))
            .map(|id| self.inner.catalog.release_view(id))
            .buffered(4)
            .filter_map(|page| std::future::ready(page.ok().map(|page| page.release)))
            .collect()
            .await
    }

    pub async fn search(&self, call: ipc::Search) -> Result<SearchPage, Fault> {
        self.inner.catalog.search(call.query, call.limit).await
    }

    pub async fn artist_list(&self, call: ipc::ArtistList) -> Result<Page<Artist>, Fault> {
        self.inner.catalog.artist_list(call.query).await
    }

    pub async fn artist_view(&self, call: ipc::ArtistGet) -> Result<ArtistPage, Fault> {
        self.inner.catalog.artist_view(call.id).await
    }

    pub async fn release_list(&self, call: ipc::ReleaseList) -> Result<Page<Release>, Fault> {
        self.inner.catalog.release_list(call.query).await
    }

    pub async fn release_view(&self, call: ipc::ReleaseGet) -> Result<ReleasePage, Fault> {
        self.inner.catalog.release_view(call.id).await
    }

    pub async fn track_list(&self, call: ipc::TrackList) -> Result<Page<Track>, Fault> {
        self.inner.catalog.track_list(call.query).await
    }

    pub async fn track_view(&self, call: ipc::TrackGet) -> Result<Track, Fault> {
        self.inner.tracks.get(call.id).await.map(|track| track.as_ref().clone())
    }

    /// Plays of the listener on this device, latest first.
    pub async fn history_list(&self, call: ipc::HistoryList) -> Result<Vec<HistoryEntry>, Fault> {
        let plays = self.plays(call.limit.clamp(1, HISTORY_MAX)).await?;
        let known = self.inner.tracks.get_all(&latest_of_each(&plays)).await?;
        let entry = |play: StoredPlay| HistoryEntry {
            id: play.id,
            track: known
                .get(&play.track)
                .map_or_else(|| tracks::unknown(play.track), |track| track.as_ref().clone()),
            started_at_us: play.started_at_us,
            listened_ms: play.listened_ms,
        };
        Ok(plays.into_iter().map(entry).collect())
    }

    async fn plays(&self, limit: u32) -> Result<Vec<StoredPlay>, Fault> {
        let (store, owner) = (self.inner.store.clone(), self.inner.server.owner_now()?);
        blocking(move || store.history(&owner, limit)).await.map_err(|error| fault::device(&error))
    }
}

fn latest_of_each(plays: &[StoredPlay]) -> Vec<TrackId> {
    distinct(plays.iter().map(|play| play.track))
}

fn distinct<T: Copy + Eq + std::hash::Hash>(ids: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = HashSet::new();
    ids.filter(|id| seen.insert(*id)).collect()
}
