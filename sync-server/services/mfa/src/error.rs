//! What can go wrong, and what a caller reads of it.

use web::ApiError;

use crate::peer::PeerError;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the database of second factors failed")]
    Database(#[from] engine_sql::Error),

    #[error("the query of second factors failed")]
    Query(#[from] engine_sql::sqlx::Error),

    #[error("a stored {what} is not readable")]
    Stored { what: &'static str },

    #[error(transparent)]
    Peer(#[from] PeerError),

    #[error(transparent)]
    Credentials(credentials::Error),

    /// Shared by all who asked at once.
    #[error("what was looked up for several at once failed")]
    Together(#[source] std::sync::Arc<Self>),

    #[error("the task that looks up for several at once has ended")]
    GroupEnded,

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
