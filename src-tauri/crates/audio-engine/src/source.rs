//! Bytes of an item.

use futures::future::BoxFuture;

/// Why there is no token.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AuthorizeError {
    /// The listener has to sign in again: playing fails.
    #[error("sign in again to go on listening")]
    SignedOut,
    /// The token could not be renewed now: playing waits.
    #[error("the sign-in could not be renewed: {0}")]
    Unavailable(String),
}

/// Hands out bearer tokens for requests.
pub trait Authorize: Send + Sync {
    /// A token to send now, or `None` to send none. `is_stale` says that the server just refused
    /// the last one.
    fn bearer(&self, is_stale: bool) -> BoxFuture<'_, Result<Option<String>, AuthorizeError>>;
}
