//! The backend's only executable: reads its configuration, picks engines, wires services.
//!
//! It has no rules of its own. [`wiring`] is the parts list: the one place that names which
//! engine stands behind which port, and which service answers which peer.

mod cli;
pub mod commands;
pub mod config;
pub mod data_dir;
mod logs;
mod mail;
pub mod openapi;
mod ops;
pub mod wiring;

pub use cli::main;
