//! What can go wrong, and what a caller reads of it.

use vouch::{PasskeyError, ProviderSettingsError};
use web::ApiError;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the sign-in database failed")]
    Database(#[from] engine_sql::Error),

    #[error("the query of sign-ins failed")]
    Query(#[from] engine_sql::sqlx::Error),

    #[error("a stored {what} is not readable")]
    Stored { what: &'static str },

    #[error(transparent)]
    Provider(#[from] ProviderSettingsError),

    #[error(transparent)]
    Passkey(#[from] PasskeyError),

    /// Answered as it is.
    #[error("{}", .0.message)]
    Refused(ApiError),
}

web::refusable!(Error);
