//! What the catalog needs of others; the server wires it.

use std::error::Error as StdError;

use async_trait::async_trait;
use domain::AccountId;

/// Knows whose data is to be kept and not used (GDPR, article 18).
#[async_trait]
pub trait Restrictions: Send + Sync {
    /// At this time. It is asked for each report of plays, and has to be quick.
    async fn is_restricted(&self, account: AccountId) -> Result<bool, PeerError>;
}

/// A peer failed.
#[derive(Debug, thiserror::Error)]
#[error("a peer of the catalog failed")]
pub struct PeerError(#[source] pub Box<dyn StdError + Send + Sync>);
