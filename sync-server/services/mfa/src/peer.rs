//! What the second factor needs of others; the server wires it.

use std::error::Error as StdError;

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

/// The vault failed.
#[derive(Debug, thiserror::Error)]
#[error("the vault failed")]
pub struct PeerError(#[source] pub Box<dyn StdError + Send + Sync>);
