//! What accounts needs of others; the server wires it.

use std::error::Error as StdError;

use api::mfa::Shown;
use async_trait::async_trait;
use domain::{AccountId, DeviceId, Role, plan::Tier};
use web::ApiError;

/// Keeps secrets and personal data of accounts, sealed under a key of each account's own.
#[async_trait]
pub trait Vault: Send + Sync {
    /// Puts a field in the place of what it held.
    async fn put(&self, of: AccountId, field: &str, bytes: &[u8]) -> Result<(), PeerError>;

    async fn get(&self, of: AccountId, field: &str) -> Result<Option<Vec<u8>>, PeerError>;

    /// Fields of many accounts, in the order in which they were asked for. One that cannot be
    /// opened is as one that is not there: it is nobody else's trouble.
    async fn get_all(
        &self,
        fields: &[(AccountId, String)],
    ) -> Result<Vec<Option<Vec<u8>>>, PeerError>;

    /// Deleting what is not there is no error.
    async fn delete(&self, of: AccountId, field: &str) -> Result<(), PeerError>;

    /// What an address is found by: the same for the same text, and of no use to whoever does not
    /// have the key of it.
    fn lookup_hash(&self, text: &str) -> String;
}

/// Knows what accounts pay for.
#[async_trait]
pub trait Tiers: Send + Sync {
    /// At this time, in the order in which they were asked for.
    async fn tiers(&self, of: &[AccountId]) -> Result<Vec<Tier>, PeerError>;
}

/// Knows who may do more than listen.
#[async_trait]
pub trait Roles: Send + Sync {
    /// In the order in which they were asked for.
    async fn held(&self, of: &[AccountId]) -> Result<Vec<Held>, PeerError>;

    /// Makes the first account of this server its owner, unless there was one before. It may be
    /// called again.
    async fn first_owner(&self, account: AccountId) -> Result<(), PeerError>;
}

/// The roles of an account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Held {
    pub roles: Vec<Role>,
    /// How often they changed.
    pub version: u32,
}

/// Knows who has a second factor.
#[async_trait]
pub trait SecondFactor: Send + Sync {
    async fn is_on(&self, of: AccountId) -> Result<bool, PeerError>;

    /// Uses up what is shown, on a device that the account knows or on any other.
    ///
    /// # Errors
    /// What the person reads where it is not good, or nothing is shown.
    async fn use_up(
        &self,
        of: AccountId,
        shown: Option<Shown<'_>>,
        known_device: Option<DeviceId>,
    ) -> Result<(), ApiError>;
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

/// A peer failed.
#[derive(Debug, thiserror::Error)]
#[error("{of} failed")]
pub struct PeerError {
    /// Which one, for the log.
    pub of: &'static str,
    #[source]
    pub source: Box<dyn StdError + Send + Sync>,
}
