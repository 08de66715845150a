//! A real server process and a client for it, for every test that needs the backend.
//!
//! The program is the one that cargo built beside the test: `cargo xtask test` builds it first,
//! and `MELODYUD_TEST_SERVER` names another. Start reading at [`ServerProcess`].

pub mod authenticator;
pub mod client;
pub mod mail;
pub mod music;
pub mod node;
pub mod oidc_provider;
pub mod openapi;
mod process;

pub use client::{Client, PASSWORD};
pub use process::{ServerProcess, program};
