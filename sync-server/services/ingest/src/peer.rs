//! What the import needs of other services; the server wires it.

use std::error::Error as StdError;

use async_trait::async_trait;
use bytes::Bytes;
use domain::{Cover, TrackId, imported::ImportedTrack};

/// A peer failed; the import stops and says so.
#[derive(Debug, thiserror::Error)]
#[error("{operation}")]
pub struct PeerError {
    /// What was asked, such as `put tracks into the catalog`.
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

/// Where imported tracks go.
#[async_trait]
pub trait Catalog: Send + Sync {
    /// Adds or replaces tracks and makes them available. Asked again with the same tracks, which
    /// happens after a crash, it changes nothing.
    async fn tracks_put(&self, tracks: Vec<(TrackId, ImportedTrack)>) -> Result<(), PeerError>;

    /// Says whether the files behind tracks are there. Unknown tracks are ignored.
    async fn tracks_set_available(
        &self,
        tracks: &[TrackId],
        is_available: bool,
    ) -> Result<(), PeerError>;
}

/// Where cover images go.
#[async_trait]
pub trait Covers: Send + Sync {
    /// Keeps an image under the hash of its bytes. `None`: it is not an image that can be shown.
    async fn cover_put(&self, original: Bytes) -> Result<Option<Cover>, PeerError>;
}
