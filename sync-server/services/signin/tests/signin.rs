//! Signing in by browser, with a real provider, an authenticator in software, and a clock that the
//! test moves.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

#[path = "signin/linking.rs"]
mod linking;
#[path = "signin/oidc.rs"]
mod oidc;
#[path = "signin/passkeys.rs"]
mod passkeys;
#[path = "signin/stand.rs"]
mod stand;
