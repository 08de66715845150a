//! The HTTP contract between any client and the server: request and response types, the error
//! envelope and its codes. Entities are those of `domain`; paths stand in `/api/openapi.json`.
//!
//! This crate has no HTTP in it: the server (`web`, `svc-*`) and the player (`commands`) both
//! build on it and meet nowhere else.
//!
//! Everything is under [`BASE`]; times are microseconds since 1970, durations milliseconds.

pub mod accounts;
pub mod audit;
pub mod catalog;
pub mod compliance;
pub mod error;
pub mod imports;
pub mod mfa;
pub mod offline;
pub mod plays;
pub mod privacy;
pub mod roles;
pub mod search;
pub mod sign_in;
pub mod uploads;

/// Prefix of every path of this version.
pub const BASE: &str = "/api/v1";

/// Largest page a list answers with.
pub const PAGE_LIMIT_MAX: u32 = 200;

/// Page size where the client names none.
pub const PAGE_LIMIT_DEFAULT: u32 = 50;
