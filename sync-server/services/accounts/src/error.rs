//! What can go wrong, and what a caller reads of it.

use std::path::PathBuf;

use web::{ApiError, auth::KeysError};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the account database failed")]
    Database(#[from] engine_sql::Error),

    #[error("the query of accounts failed")]
    Query(#[from] engine_sql::sqlx::Error),

    #[error("a stored {what} is not readable")]
    Stored { what: &'static str },

    #[error("cannot {verb} the signing keys at {}", path.display())]
    KeyFile {
        verb: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },

    #[error(
        "other users of this machine can read the signing keys at {}; make new ones by removing \
         the file, or run `chmod 600` on it if nobody else was there",
        path.display()
    )]
    KeyFileOpen { path: PathBuf },

    #[error("the signing keys at {} are damaged; restore the file, or remove it: everybody \
             signs in again then", path.display())]
    KeyFileDamaged { path: PathBuf },

    #[error(transparent)]
    Keys(#[from] KeysError),

    #[error("an act cannot be written")]
    Act(#[source] serde_json::Error),

    #[error("cannot read the plans at {}", path.display())]
    PlansFile {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },

    #[error("the plans are not usable: {0}")]
    Plans(String),

    #[error("hashing a password failed: {0}")]
    Hash(argon2::password_hash::Error),

    #[error("a thread of work ended")]
    Thread(#[from] tokio::task::JoinError),

    /// Answered as it is.
    #[error("{}", .0.message)]
    Refused(ApiError),
}

impl From<ApiError> for Error {
    fn from(error: ApiError) -> Self {
        Self::Refused(error)
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(error) => error,
            error => Self::internal(error),
        }
    }
}
