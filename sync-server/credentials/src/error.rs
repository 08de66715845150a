//! What can go wrong, and what a caller reads of it.

use web::ApiError;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("hashing a password failed: {0}")]
    Hash(argon2::password_hash::Error),

    #[error("a stored password hash has no salt")]
    NoSalt,

    #[error("the thread that hashes passwords ended")]
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
