//! The player as a state machine without IO: what the listener and the audio engine do goes in as
//! [`Input`], what has to happen comes out as [`Effect`]. Time and randomness are arguments.
//!
//! It knows ids of tracks, not tracks, and neither sound nor network nor disk: `commands` carries
//! the effects out. It compiles to wasm32.
//!
//! Start reading at [`Player::handle`], then at [`Queue`] for how the order of play is kept.

mod effect;
mod input;
mod player;
mod queue;
mod session;
mod snapshot;

pub use effect::{Effect, Notice, Play, Refusal};
pub use input::{EngineNews, Input, Placement};
pub use player::{Player, Status, View};
pub use queue::{Entry, QUEUE_MAX, Queue};
pub use session::COUNTS_AFTER_MS;
pub use snapshot::Snapshot;

/// A source of uniformly random numbers, given by whoever drives the player.
pub type Random<'a> = &'a mut dyn FnMut() -> u64;
