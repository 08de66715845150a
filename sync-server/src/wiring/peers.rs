//! What services need of each other, answered by calls in one process.

mod offline;
mod people;
pub mod privacy;
mod second_factor;
mod signin;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use domain::{
    Artist, ArtistId, Cover, Release, ReleaseId, Track, TrackId, imported::ImportedTrack,
};
use svc_discovery::peer::{Change, Entity, PlayedArtist, PlayedRelease};

pub use offline::{sessions_of_offline, tiers_of_offline};
pub use people::{
    accounts_of_roles, lookup_key_of_signin, roles_of_accounts, tiers_of_accounts,
    vault_of_accounts,
};
pub use second_factor::{
    passkeys_of_mfa, second_factor_of_accounts, second_factor_of_signin, vault_of_mfa,
};
pub use signin::accounts_of_signin;

type Catalog = Arc<svc_catalog::Service>;

/// The catalog and its covers, for the import. `on_change` runs after each change.
pub fn of_ingest(
    catalog: &Catalog,
    on_change: impl Fn() + Send + Sync + 'static,
) -> svc_ingest::Peers {
    let peer = Arc::new(CatalogOfIngest { catalog: catalog.clone(), on_change });
    svc_ingest::Peers { catalog: peer.clone(), covers: peer }
}

/// The catalog, for search.
pub fn catalog_of_discovery(catalog: &Catalog) -> Arc<dyn svc_discovery::peer::Catalog> {
    Arc::new(CatalogOfDiscovery { catalog: catalog.clone() })
}

/// Where the import found the files, for delivery.
pub fn sources_of_delivery(
    ingest: &Arc<svc_ingest::Service>,
) -> Arc<dyn svc_delivery::peer::Sources> {
    Arc::new(SourcesOfDelivery { ingest: ingest.clone() })
}

struct CatalogOfIngest<F> {
    catalog: Catalog,
    on_change: F,
}

#[async_trait]
impl<F: Fn() + Send + Sync> svc_ingest::peer::Catalog for CatalogOfIngest<F> {
    async fn tracks_put(
        &self,
        tracks: Vec<(TrackId, ImportedTrack)>,
    ) -> Result<(), svc_ingest::peer::PeerError> {
        let put = self.catalog.tracks_put(tracks).await;
        put.map_err(|e| svc_ingest::peer::PeerError::new("put tracks into the catalog", e))?;
        (self.on_change)();
        Ok(())
    }

    async fn tracks_set_available(
        &self,
        tracks: &[TrackId],
        is_available: bool,
    ) -> Result<(), svc_ingest::peer::PeerError> {
        let set = self.catalog.tracks_set_available(tracks, is_available).await;
        set.map_err(|e| svc_ingest::peer::PeerError::new("mark tracks in the catalog", e))?;
        (self.on_change)();
        Ok(())
    }
}

#[async_trait]
impl<F: Fn() + Send + Sync> svc_ingest::peer::Covers for CatalogOfIngest<F> {
    async fn cover_put(
        &self,
        original: Bytes,
    ) -> Result<Option<Cover>, svc_ingest::peer::PeerError> {
        let cover = self.catalog.cover_put(original).await;
        cover.map_err(|e| svc_ingest::peer::PeerError::new("keep a cover", e))
    }
}

struct CatalogOfDiscovery {
    catalog: Catalog,
}

/// Says what search asked of the catalog when it failed.
trait Asked<T> {
    fn asked(self, operation: &'static str) -> Result<T, svc_discovery::peer::PeerError>;
}

impl<T> Asked<T> for Result<T, svc_catalog::Error> {
    fn asked(self, operation: &'static str) -> Result<T, svc_discovery::peer::PeerError> {
        self.map_err(|error| svc_discovery::peer::PeerError::new(operation, error))
    }
}

#[async_trait]
impl svc_discovery::peer::Catalog for CatalogOfDiscovery {
    async fn changes_after(
        &self,
        seq: i64,
        limit: u32,
    ) -> Result<Vec<Change>, svc_discovery::peer::PeerError> {
        let changes = self.catalog.changes_after(seq, limit).await.asked("list its changes")?;
        Ok(changes.into_iter().map(change).collect())
    }

    async fn change_latest(&self) -> Result<i64, svc_discovery::peer::PeerError> {
        self.catalog.change_latest().await.asked("say its latest change")
    }

    async fn tracks_by_id(
        &self,
        ids: &[TrackId],
    ) -> Result<Vec<Track>, svc_discovery::peer::PeerError> {
        self.catalog.tracks_by_id(ids).await.asked("look up tracks")
    }

    async fn artists_by_id(
        &self,
        ids: &[ArtistId],
    ) -> Result<Vec<Artist>, svc_discovery::peer::PeerError> {
        self.catalog.artists_by_id(ids).await.asked("look up artists")
    }

    async fn releases_by_id(
        &self,
        ids: &[ReleaseId],
    ) -> Result<Vec<Release>, svc_discovery::peer::PeerError> {
        self.catalog.releases_by_id(ids).await.asked("look up releases")
    }

    async fn played_artists(
        &self,
        ids: &[ArtistId],
    ) -> Result<Vec<PlayedArtist>, svc_discovery::peer::PeerError> {
        let played = self.catalog.played_artists(ids).await.asked("count plays of artists")?;
        let of =
            |p: svc_catalog::Played<Artist>| PlayedArtist { artist: p.item, n_plays: p.n_plays };
        Ok(played.into_iter().map(of).collect())
    }

    async fn played_releases(
        &self,
        ids: &[ReleaseId],
    ) -> Result<Vec<PlayedRelease>, svc_discovery::peer::PeerError> {
        let played = self.catalog.played_releases(ids).await.asked("count plays of releases")?;
        let of =
            |p: svc_catalog::Played<Release>| PlayedRelease { release: p.item, n_plays: p.n_plays };
        Ok(played.into_iter().map(of).collect())
    }

    async fn track_ids_page(
        &self,
        after: Option<TrackId>,
        limit: u32,
    ) -> Result<Vec<TrackId>, svc_discovery::peer::PeerError> {
        self.catalog.track_ids_page(after, limit).await.asked("list tracks")
    }

    async fn artist_ids_page(
        &self,
        after: Option<ArtistId>,
        limit: u32,
    ) -> Result<Vec<ArtistId>, svc_discovery::peer::PeerError> {
        self.catalog.artist_ids_page(after, limit).await.asked("list artists")
    }

    async fn release_ids_page(
        &self,
        after: Option<ReleaseId>,
        limit: u32,
    ) -> Result<Vec<ReleaseId>, svc_discovery::peer::PeerError> {
        self.catalog.release_ids_page(after, limit).await.asked("list releases")
    }
}

fn change(change: svc_catalog::Change) -> Change {
    let entity = match change.entity {
        svc_catalog::Entity::Track(id) => Entity::Track(id),
        svc_catalog::Entity::Artist(id) => Entity::Artist(id),
        svc_catalog::Entity::Release(id) => Entity::Release(id),
    };
    Change { seq: change.seq, entity }
}

struct SourcesOfDelivery {
    ingest: Arc<svc_ingest::Service>,
}

#[async_trait]
impl svc_delivery::peer::Sources for SourcesOfDelivery {
    async fn source(
        &self,
        track: TrackId,
    ) -> Result<Option<svc_delivery::peer::Source>, svc_delivery::peer::PeerError> {
        let located = self.ingest.locate(track).await;
        let located = located
            .map_err(|e| svc_delivery::peer::PeerError::new("look up the file of a track", e))?;
        Ok(located.map(|file| svc_delivery::peer::Source {
            path: file.path,
            size_bytes: file.size_bytes,
            mtime_us: file.mtime_us,
            content_hash: file.content_hash,
            content_type: file.content_type,
        }))
    }
}
