//! The second factor on every kind of database.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

#[path = "mfa/codes.rs"]
mod codes;
#[path = "mfa/passkey.rs"]
mod passkey;
#[path = "mfa/stand.rs"]
mod stand;
