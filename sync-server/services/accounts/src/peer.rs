//! What accounts needs of others; the server wires it.

use std::error::Error as StdError;

use async_trait::async_trait;
use domain::AccountId;

/// Keeps secrets and personal data of accounts, sealed under a key of each account's own.
#[async_trait]
pub trait Vault: Send + Sync {
    /// Puts a field in the place of what it held.
    async fn put(&self, of: AccountId, field: &str, bytes: &[u8]) -> Result<(), PeerError>;

    async fn get(&self, of: AccountId, field: &str) -> Result<Option<Vec<u8>>, PeerError>;

    /// Deleting what is not there is no error.
    async fn delete(&self, of: AccountId, field: &str) -> Result<(), PeerError>;
}

/// A mail to one person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mail {
    pub to: String,
    pub subject: String,
    /// Plain text, in short lines.
    pub text: String,
}

/// Sends mails, or hands them to who does.
#[async_trait]
pub trait Mailer: Send + Sync {
    async fn send(&self, mail: Mail) -> Result<(), MailError>;
}

/// The mail did not go out.
#[derive(Debug, thiserror::Error)]
#[error("the mail was not sent")]
pub struct MailError {
    /// Whether it is of no use to try again.
    pub is_final: bool,
    #[source]
    pub source: Box<dyn StdError + Send + Sync>,
}

/// The vault failed.
#[derive(Debug, thiserror::Error)]
#[error("the vault failed")]
pub struct PeerError(#[source] pub Box<dyn StdError + Send + Sync>);
