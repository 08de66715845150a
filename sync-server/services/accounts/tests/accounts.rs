//! Accounts over every kind of database, with a clock that the test moves.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

#[path = "accounts/life.rs"]
mod life;
#[path = "accounts/recovery.rs"]
mod recovery;
#[path = "accounts/second_factor.rs"]
mod second_factor;
#[path = "accounts/sessions.rs"]
mod sessions;
#[path = "accounts/stand.rs"]
mod stand;
