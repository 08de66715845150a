//! What can go wrong with an index.

use std::{io, path::PathBuf};

use tantivy::TantivyError;

/// The index failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{operation} {path}")]
    Io {
        operation: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// Another process has it open.
    #[error("the search index {dir} is in use by another process")]
    InUse { dir: PathBuf },
    #[error("a rebuild of the search index is already running")]
    RebuildRunning,
    #[error("the search index is of another format")]
    OtherFormat,
    #[error("the file {path} of the search index is damaged")]
    Damaged { path: PathBuf },
    #[error("{operation}")]
    Engine {
        operation: &'static str,
        #[source]
        source: TantivyError,
    },
}

impl Error {
    pub(crate) fn engine(operation: &'static str) -> impl Fn(TantivyError) -> Self + Copy {
        move |source| Self::Engine { operation, source }
    }

    pub(crate) fn io(
        operation: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { operation, path, source }
    }
}
