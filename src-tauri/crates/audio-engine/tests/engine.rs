//! The engine from outside: real files in every format, a real server on 127.0.0.1, and a
//! virtual device that keeps what it is handed.

// Everything here is test code, also outside of `#[test]` functions.
#![allow(clippy::unwrap_used)]

#[path = "engine/support.rs"]
mod support;

#[path = "engine/control.rs"]
mod control;
#[path = "engine/faults.rs"]
mod faults;
#[path = "engine/formats.rs"]
mod formats;
#[path = "engine/gapless.rs"]
mod gapless;
#[path = "engine/holes.rs"]
mod holes;
#[path = "engine/kinds.rs"]
mod kinds;
#[path = "engine/network.rs"]
mod network;
