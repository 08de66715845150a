//! What can go wrong, and what a caller reads of it.

use web::ApiError;

use crate::peer::PeerError;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the database of roles failed")]
    Database(#[from] engine_sql::Error),

    #[error("the query of roles failed")]
    Query(#[from] engine_sql::sqlx::Error),

    #[error("a stored {what} is not readable")]
    Stored { what: &'static str },

    #[error("who has a role cannot be looked up")]
    Accounts(#[from] PeerError),

    /// Answered as it is.
    #[error("{}", .0.message)]
    Refused(ApiError),
}

web::refusable!(Error);
