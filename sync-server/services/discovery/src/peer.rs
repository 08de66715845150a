//! What search needs of the catalog; the server wires it.

use std::error::Error as StdError;

use async_trait::async_trait;
use domain::{Artist, ArtistId, Release, ReleaseId, Track, TrackId};

/// The catalog failed.
#[derive(Debug, thiserror::Error)]
#[error("{operation}")]
pub struct PeerError {
    /// What was asked, such as `list changes of the catalog`.
    pub operation: &'static str,
    #[source]
    pub source: Box<dyn StdError + Send + Sync>,
}

impl PeerError {
    pub fn new(
        operation: &'static str,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self { operation, source: source.into() }
    }
}

/// Something in the catalog.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Entity {
    Track(TrackId),
    Artist(ArtistId),
    Release(ReleaseId),
}

/// An entity was added, removed, or looks different now. What it looks like is asked by id:
/// an id that is no longer known was removed. A name counts as part of all that show it: when
/// an artist is renamed, the artist's tracks and releases have changed as well.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Change {
    /// Place in the order of all changes, from 1 up; gaps are allowed.
    pub seq: i64,
    pub entity: Entity,
}

/// An artist with what makes one popular.
#[derive(Clone, PartialEq, Debug)]
pub struct PlayedArtist {
    pub artist: Artist,
    /// Plays of all tracks credited to the artist.
    pub n_plays: u64,
}

/// A release with what makes one popular.
#[derive(Clone, PartialEq, Debug)]
pub struct PlayedRelease {
    pub release: Release,
    /// Plays of all its tracks.
    pub n_plays: u64,
}

/// The catalog, as search looks at it. Lists by id answer in any order and leave out what is
/// not there; pages go up by id, start after the id given, and an empty one is the end.
#[async_trait]
pub trait Catalog: Send + Sync {
    /// Changes with a sequence above `seq`, ascending, at most `limit` of them. Changes older
    /// than the catalog cares to keep may be missing: a new index starts from the pages.
    async fn changes_after(&self, seq: i64, limit: u32) -> Result<Vec<Change>, PeerError>;

    /// Sequence of the latest change; 0 where there never was one.
    async fn change_latest(&self) -> Result<i64, PeerError>;

    async fn tracks_by_id(&self, ids: &[TrackId]) -> Result<Vec<Track>, PeerError>;
    async fn artists_by_id(&self, ids: &[ArtistId]) -> Result<Vec<Artist>, PeerError>;
    async fn releases_by_id(&self, ids: &[ReleaseId]) -> Result<Vec<Release>, PeerError>;

    /// As [`Catalog::artists_by_id`], with plays: for the index, not for answers.
    async fn played_artists(&self, ids: &[ArtistId]) -> Result<Vec<PlayedArtist>, PeerError>;
    /// As [`Catalog::releases_by_id`], with plays: for the index, not for answers.
    async fn played_releases(&self, ids: &[ReleaseId]) -> Result<Vec<PlayedRelease>, PeerError>;

    async fn track_ids_page(
        &self,
        after: Option<TrackId>,
        limit: u32,
    ) -> Result<Vec<TrackId>, PeerError>;
    async fn artist_ids_page(
        &self,
        after: Option<ArtistId>,
        limit: u32,
    ) -> Result<Vec<ArtistId>, PeerError>;
    async fn release_ids_page(
        &self,
        after: Option<ReleaseId>,
        limit: u32,
    ) -> Result<Vec<ReleaseId>, PeerError>;
}
