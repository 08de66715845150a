//! The rights of persons, their ways to sign in, and the work of compliance officers, against a
//! server that answers as each test wants it to: what is refused, cut off or forged cannot be had
//! from a real one.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

#[path = "rights/browser.rs"]
mod browser;
#[path = "rights/stub.rs"]
mod stub;
#[path = "rights/tree.rs"]
mod tree;

#[path = "rights/audit.rs"]
mod audit;
#[path = "rights/compliance.rs"]
mod compliance;
#[path = "rights/export.rs"]
mod export;
#[path = "rights/second_step.rs"]
mod second_step;
#[path = "rights/sign_in.rs"]
mod sign_in;
#[path = "rights/step_up.rs"]
mod step_up;
