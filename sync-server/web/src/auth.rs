//! Who is signed in and what they may do: access tokens, and the extractors that ask for them.

mod genuine;
mod keys;
mod may;
mod signed_in;
mod signing_keys;

use domain::{AccountId, DeviceId, Role, SessionId, plan::Tier};

pub use keys::{ACCESS_TOKEN_LIFE_S, Keys, KeysError, SIGNED_LIFE_MAX_S};
pub use may::{
    GrantRoles, Grants, HandleCases, ImportMusic, May, ReadAudit, ReadMetrics, RebuildSearch,
    UploadMusic,
};
pub use signed_in::{RECENT_S, Recent, SignedIn, SignedInOrUrl};
pub use signing_keys::{Former, SigningKeys, SigningKeysError};

/// What an access token says. It was verified without a database, so that it may be up to
/// [`ACCESS_TOKEN_LIFE_S`] behind in what another process changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claims {
    pub account: AccountId,
    pub session: SessionId,
    pub device: DeviceId,
    pub tier: Tier,
    pub roles: Vec<Role>,
    /// How often roles were given to or taken from the account.
    pub roles_version: u32,
    /// When the person last showed who they are, in seconds since 1970 (`auth_time` of OpenID
    /// Connect Core, section 2).
    pub authenticated_at_s: u64,
    /// Seconds since 1970.
    pub expires_at_s: u64,
}
