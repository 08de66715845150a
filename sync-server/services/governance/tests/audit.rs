//! The audit log through its service: appending, proving, the relay, files and routes.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

#[path = "audit/append.rs"]
mod append;
#[path = "audit/file.rs"]
mod file;
#[path = "audit/fixture.rs"]
mod fixture;
#[path = "audit/http.rs"]
mod http;
#[path = "audit/proofs.rs"]
mod proofs;
#[path = "audit/relay.rs"]
mod relay;
#[path = "audit/retain.rs"]
mod retain;
#[path = "audit/rotate.rs"]
mod rotate;
