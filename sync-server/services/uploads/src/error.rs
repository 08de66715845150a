//! What can go wrong, and what a caller reads of it.

use web::ApiError;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the database of uploads failed")]
    Database(#[from] engine_sql::Error),

    #[error("the query of uploads failed")]
    Query(#[from] engine_sql::sqlx::Error),

    #[error("a stored {what} is not readable")]
    Stored { what: &'static str },

    #[error("cannot {operation} the file of an upload")]
    File {
        operation: &'static str,
        #[source]
        source: std::io::Error,
    },

    /// Answered as it is.
    #[error("{}", .0.message)]
    Refused(ApiError),
}

impl Error {
    /// For `map_err`.
    pub(crate) fn file(operation: &'static str) -> impl Fn(std::io::Error) -> Self {
        move |source| Self::File { operation, source }
    }
}

web::refusable!(Error);
