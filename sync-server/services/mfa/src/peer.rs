//! What the second factor needs of others; the server wires it.

use std::error::Error as StdError;

use api::mfa::PasskeyCode;
use async_trait::async_trait;
use domain::AccountId;

/// Keeps the secrets of authenticator apps.
#[async_trait]
pub trait Vault: Send + Sync {
    /// Puts a field in the place of what it held.
    async fn put(&self, of: AccountId, field: &str, bytes: &[u8]) -> Result<(), PeerError>;

    async fn get(&self, of: AccountId, field: &str) -> Result<Option<Vec<u8>>, PeerError>;

    /// Deleting what is not there is no error.
    async fn delete(&self, of: AccountId, field: &str) -> Result<(), PeerError>;
}

/// Knows who has passkeys, and what became of the page where one is used.
#[async_trait]
pub trait Passkeys: Send + Sync {
    async fn has_passkey(&self, of: AccountId) -> Result<bool, PeerError>;

    /// Uses the code up; answers with whose passkey brought it. `None` where it is not good, or
    /// something else brought it.
    async fn code_use(&self, code: &PasskeyCode) -> Result<Option<AccountId>, PeerError>;
}

/// A peer failed.
#[derive(Debug, thiserror::Error)]
#[error("{of} failed")]
pub struct PeerError {
    /// Which one, for the log.
    pub of: &'static str,
    #[source]
    pub source: Box<dyn StdError + Send + Sync>,
}
