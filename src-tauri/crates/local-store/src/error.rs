//! What can go wrong with the data on this device.

use std::path::PathBuf;

pub type Result<T> = std::result::Result<T, Error>;

/// Why the store did not do something.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the folder {} cannot be used", path.display())]
    Folder {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("another MelodyUD is using {}", path.display())]
    InUse { path: PathBuf },
    #[error(
        "the data was written by a newer version of MelodyUD (schema {found}, this version knows \
         {known}): install that version again, or a later one"
    )]
    Newer { found: i64, known: i64 },
    #[error("{operation} failed in the database on this device")]
    Sql {
        operation: &'static str,
        #[source]
        source: rusqlite::Error,
    },
    #[error("{operation} failed on a file of this device")]
    File {
        operation: &'static str,
        #[source]
        source: std::io::Error,
    },
    #[error("{what} on this device cannot be read")]
    Json {
        what: &'static str,
        #[source]
        source: serde_json::Error,
    },
}

impl Error {
    pub(crate) fn sql(operation: &'static str) -> impl FnOnce(rusqlite::Error) -> Self {
        move |source| Self::Sql { operation, source }
    }

    pub(crate) fn file(operation: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::File { operation, source }
    }

    /// The file is no sound database. Nothing else is: a full disk or a lack of memory must not
    /// cost anybody their data.
    pub(crate) fn is_corruption(&self) -> bool {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        let Self::Sql { source: rusqlite::Error::SqliteFailure(failure, _), .. } = self else {
            return false;
        };
        matches!(failure.code, DatabaseCorrupt | NotADatabase)
    }
}
