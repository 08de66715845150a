//! What can go wrong, and what a caller reads of it.

use web::{ApiError, auth::SigningKeysError};

use crate::peer::PeerError;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the account database failed")]
    Database(#[from] engine_sql::Error),

    #[error("the query of accounts failed")]
    Query(#[from] engine_sql::sqlx::Error),

    #[error("a stored {what} is not readable")]
    Stored { what: &'static str },

    #[error(transparent)]
    Keys(#[from] SigningKeysError),

    #[error("what belongs to an account cannot be reached")]
    Peer(#[from] PeerError),

    /// Shared by all who asked at once.
    #[error("what was done for several at once failed")]
    Together(#[source] std::sync::Arc<Self>),

    #[error("the task that does it for several at once has ended")]
    GroupEnded,

    #[error("a mail cannot be written down")]
    Mail(#[source] serde_json::Error),

    #[error("the picture cannot be kept")]
    Picture(#[source] profile::PictureError),

    #[error(transparent)]
    Credentials(credentials::Error),

    #[error("a thread of work ended")]
    Thread(#[from] tokio::task::JoinError),

    /// Answered as it is.
    #[error("{}", .0.message)]
    Refused(ApiError),
}

impl From<credentials::Error> for Error {
    fn from(error: credentials::Error) -> Self {
        match error {
            credentials::Error::Refused(error) => Self::Refused(error),
            error => Self::Credentials(error),
        }
    }
}

web::refusable!(Error);
