//! Who is signed in: access tokens, and the extractors that ask for them.

mod keys;
mod signed_in;

use api::accounts::Role;
use domain::{AccountId, SessionId};

pub use keys::{ACCESS_TOKEN_LIFE_S, Keys, KeysError, SIGNED_LIFE_MAX_S};
pub use signed_in::{OwnerOnly, SignedIn, SignedInOrUrl};

/// What an access token says. It was verified without a database, so that it may be up to
/// [`ACCESS_TOKEN_LIFE_S`] behind.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claims {
    pub account: AccountId,
    pub session: SessionId,
    pub roles: Vec<Role>,
    /// Seconds since 1970.
    pub expires_at_s: u64,
}

impl Claims {
    pub fn is_owner(&self) -> bool {
        self.roles.contains(&Role::Owner)
    }
}
