//! What signing in needs of others; the server wires it.

use std::net::IpAddr;

use api::accounts::{Account, Session};
use async_trait::async_trait;
use domain::{AccountId, DeviceId};
use web::ApiError;

/// Who has the accounts and makes the sessions. What it refuses is answered as it is.
#[async_trait]
pub trait Accounts: Send + Sync {
    async fn account(&self, id: AccountId) -> Result<Account, ApiError>;

    /// Who has exactly this address.
    async fn account_find(&self, email: &str) -> Result<Option<AccountId>, ApiError>;

    /// Whether the account can be signed in to with a password.
    async fn has_password(&self, id: AccountId) -> Result<bool, ApiError>;

    /// An account without a password for an address that someone else has verified; `None` where
    /// the address has an account. Without a name the account gets one from the address.
    async fn account_create_external(
        &self,
        email: &str,
        display_name: Option<String>,
    ) -> Result<Option<AccountId>, ApiError>;

    /// Signs in, for someone who has shown who they are.
    async fn session_open(
        &self,
        account: AccountId,
        device_name: Option<String>,
        device_id: Option<DeviceId>,
        from: Option<IpAddr>,
    ) -> Result<Session, ApiError>;
}

/// Has a key by which is found what is not to be recognised by whoever has the database alone.
pub trait LookupKey: Send + Sync {
    /// The same for the same text.
    fn lookup_hash(&self, text: &str) -> String;
}

/// Knows what accounts want after the password. What it refuses is answered as it is.
#[async_trait]
pub trait SecondFactor: Send + Sync {
    /// Whether a passkey of the account is asked for.
    async fn asks_for_passkey(&self, of: AccountId) -> Result<bool, ApiError>;
}
