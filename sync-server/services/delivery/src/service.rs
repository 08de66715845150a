//! What delivery does.

use std::{
    io,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use domain::TrackId;

use crate::{
    peer::{PeerError, Source, Sources},
    reading,
};

/// Delivery.
pub struct Service {
    sources: Arc<dyn Sources>,
}

/// The file behind a track, opened and known to be the one that was imported.
pub struct Opened {
    pub file: std::fs::File,
    pub source: Source,
}

/// Why there is nothing to deliver.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// No such track, or its file is known to be missing.
    #[error("no such track, or its file is missing")]
    Unknown,
    #[error("the file behind the track is gone")]
    Gone(#[source] io::Error),
    #[error("the file behind the track changed since it was imported")]
    Changed,
    #[error("the file behind the track cannot be opened by this server")]
    Unreadable(#[source] io::Error),
    /// Not the file's fault: no file handles left, a disk that fails.
    #[error("the file behind the track cannot be opened at the moment")]
    Busy(#[source] io::Error),
    #[error(transparent)]
    Peer(#[from] PeerError),
}

impl Service {
    pub fn new(sources: Arc<dyn Sources>) -> Self {
        Self { sources }
    }

    /// Opens the file behind a track and compares it with what the import recorded.
    pub(crate) async fn open(&self, track: TrackId) -> Result<Opened, Refusal> {
        let source = self.sources.source(track).await?.ok_or(Refusal::Unknown)?;
        let opening = tokio::task::spawn_blocking(move || {
            let file = std::fs::File::open(&source.path).map_err(|error| match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Refusal::Gone(error),
                io::ErrorKind::PermissionDenied => Refusal::Unreadable(error),
                _ => Refusal::Busy(error),
            })?;
            let found = reading::stamp(&file).map_err(Refusal::Busy)?;
            let imported =
                reading::Stamp { size_bytes: source.size_bytes, mtime_us: source.mtime_us };
            if found == Some(imported) {
                Ok(Opened { file, source })
            } else {
                Err(Refusal::Changed)
            }
        });
        opening.await.map_err(|stopped| Refusal::Busy(io::Error::other(stopped)))?
    }
}

/// Seconds since 1970.
pub fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
