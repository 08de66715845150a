//! What roles need of others; the server wires it.

use std::{collections::BTreeMap, error::Error as StdError};

use async_trait::async_trait;
use domain::AccountId;

/// Knows people by their addresses and names.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Who has exactly this address, in whichever spelling.
    async fn account_by_email(&self, email: &str) -> Result<Option<AccountId>, PeerError>;

    /// What those call themselves who are there.
    async fn display_names(
        &self,
        of: &[AccountId],
    ) -> Result<BTreeMap<AccountId, String>, PeerError>;
}

/// Accounts failed.
#[derive(Debug, thiserror::Error)]
#[error("accounts failed")]
pub struct PeerError(#[source] pub Box<dyn StdError + Send + Sync>);
