//! The rights of persons, over tables that are real and peers that can fail.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

#[path = "privacy/cases.rs"]
mod cases;
#[path = "privacy/consents.rs"]
mod consents;
#[path = "privacy/erasures.rs"]
mod erasures;
#[path = "privacy/exports.rs"]
mod exports;
#[path = "privacy/retention.rs"]
mod retention;
#[path = "privacy/stand.rs"]
mod stand;
