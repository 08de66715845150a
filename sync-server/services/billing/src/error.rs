//! What can go wrong, and what a caller reads of it.

use web::ApiError;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the database of subscriptions failed")]
    Database(#[from] engine_sql::Error),

    #[error("the query of subscriptions failed")]
    Query(#[from] engine_sql::sqlx::Error),

    #[error("a stored {what} is not readable")]
    Stored { what: &'static str },

    /// Answered as it is.
    #[error("{}", .0.message)]
    Refused(ApiError),
}

web::refusable!(Error);
