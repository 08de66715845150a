//! Accounts over every kind of database, with a clock that the test moves.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

#[path = "accounts/email.rs"]
mod email;
#[path = "accounts/life.rs"]
mod life;
#[path = "accounts/profile.rs"]
mod profile;
#[path = "accounts/recovery.rs"]
mod recovery;
#[path = "accounts/sessions.rs"]
mod sessions;
#[path = "accounts/stand.rs"]
mod stand;
#[path = "accounts/subject.rs"]
mod subject;
