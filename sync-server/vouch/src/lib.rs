//! What vouches for a person without a password: a provider (OpenID Connect), or a device of theirs
//! (WebAuthn).
//!
//! Nothing is stored here, and nobody is signed in: services keep what is under way and decide what
//! follows. Start reading at [`Provider`] and [`Passkeys`].

mod passkey;
mod provider;

pub use passkey::{Made, PasskeyError, Passkeys, Shown, Unverified, UserEntity};
pub use provider::{
    Begun, Outward, Person, Provider, ProviderError, ProviderSettings, ProviderSettingsError,
    Secrets, check_all,
};
