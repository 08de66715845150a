//! What offline devices need of others; the server wires it.

use std::error::Error as StdError;

use async_trait::async_trait;
use domain::{AccountId, SessionId, plan::Tier};

/// Knows what accounts pay for.
#[async_trait]
pub trait Tiers: Send + Sync {
    /// At this time.
    async fn tier(&self, of: AccountId) -> Result<Tier, PeerError>;
}

/// Knows where accounts are signed in.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// Those that live.
    async fn sessions(&self, of: AccountId) -> Result<Vec<Session>, PeerError>;
}

/// Where an account is signed in. A session that has ended never lives again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    pub id: SessionId,
    /// Empty where the device gave no name.
    pub device_name: String,
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
