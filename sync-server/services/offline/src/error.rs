//! What can go wrong, and what a caller reads of it.

use web::ApiError;

use crate::peer::PeerError;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the database of offline devices failed")]
    Database(#[from] engine_sql::Error),

    #[error("the query of offline devices failed")]
    Query(#[from] engine_sql::sqlx::Error),

    #[error("a stored {what} is not readable")]
    Stored { what: &'static str },

    #[error("what an account has cannot be looked up")]
    Peer(#[from] PeerError),

    /// Answered as it is.
    #[error("{}", .0.message)]
    Refused(ApiError),
}

web::refusable!(Error);
