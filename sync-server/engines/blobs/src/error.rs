//! What can go wrong with blobs.

use std::{error::Error as StdError, io, path::PathBuf};

use crate::id::BlobId;

/// A blob could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("open the blob folder {}", folder.display())]
    Open {
        folder: PathBuf,
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    #[error("blob {0} not found")]
    NotFound(BlobId),
    /// The stored bytes are not those that were put; they must be put again.
    #[error("blob {0} is damaged")]
    Damaged(BlobId),
    #[error("a blob of {size_bytes} bytes is larger than the allowed {}", crate::SIZE_BYTES_MAX)]
    TooLarge { size_bytes: u64 },
    #[error("range {start}..{end} lies outside blob {id}")]
    OutOfRange { id: BlobId, start: u64, end: u64 },
    /// Nothing was written; what was there before is still good.
    #[error("no space left to keep blob {id}")]
    Full {
        id: BlobId,
        #[source]
        source: Box<object_store::Error>,
    },
    #[error("{operation} blob {id}")]
    Store {
        operation: &'static str,
        id: BlobId,
        #[source]
        source: Box<object_store::Error>,
    },
}

impl Error {
    /// Sorts what a store answered.
    pub(crate) fn store(operation: &'static str, id: BlobId, source: object_store::Error) -> Self {
        match source {
            object_store::Error::NotFound { .. } => Self::NotFound(id),
            source if is_full(&source) => Self::Full { id, source: source.into() },
            source => Self::Store { operation, id, source: source.into() },
        }
    }
}

/// Whether the disk, or the quota on it, is full: the store wraps the cause in errors of its own.
fn is_full(error: &(dyn StdError + 'static)) -> bool {
    std::iter::successors(Some(error), |error| (*error).source()).any(|error| {
        error.downcast_ref::<io::Error>().is_some_and(|error| {
            matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_disk_is_told_apart_however_deep_it_is_wrapped() {
        let id = BlobId::of(b"");
        let wrapped = |kind: io::ErrorKind| object_store::Error::Generic {
            store: "test",
            source: Box::new(object_store::Error::Generic {
                store: "test",
                source: Box::new(io::Error::from(kind)),
            }),
        };
        let error = Error::store("put", id, wrapped(io::ErrorKind::StorageFull));
        assert!(matches!(error, Error::Full { .. }), "{error:?}");
        let error = Error::store("put", id, wrapped(io::ErrorKind::PermissionDenied));
        assert!(matches!(error, Error::Store { .. }), "{error:?}");
    }
}
