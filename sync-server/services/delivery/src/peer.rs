//! What delivery needs of others; the server wires it.

use std::{error::Error as StdError, path::PathBuf};

use async_trait::async_trait;
use domain::TrackId;

/// The peer failed.
#[derive(Debug, thiserror::Error)]
#[error("{operation}")]
pub struct PeerError {
    /// What was asked, such as `look up the file of a track`.
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

/// The audio behind a track, as the import recorded it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Source {
    /// From the import, never from a client.
    pub path: PathBuf,
    pub size_bytes: u64,
    /// When the file was last modified, microseconds since 1970. A file with another size or
    /// time is not the one that was imported, and is not served.
    pub mtime_us: i64,
    /// BLAKE3, of the whole file or of what the import takes for its identity.
    pub content_hash: [u8; 32],
    /// Such as `audio/flac`.
    pub content_type: String,
}

/// Where tracks are.
#[async_trait]
pub trait Sources: Send + Sync {
    /// `None`: no such track, or its file is missing.
    async fn source(&self, track: TrackId) -> Result<Option<Source>, PeerError>;
}
