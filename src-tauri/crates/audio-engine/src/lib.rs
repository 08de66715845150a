//! Plays music: commands in, events out, on threads of its own.
//!
//! An [`Engine`] decodes one item after the other (symphonia) from a file or from a growing HTTP
//! source, brings it to the device's rate and layout (rubato), applies loudness and volume, and
//! hands it to the sound device (rodio) without a gap between a track and the one prepared behind
//! it. It survives lost lines, lost devices and hostile files, and says so in words.
//!
//! It is not a player: it knows no queue, no tracks and no server, only the item that plays and
//! the one that follows. `player-core` decides; this crate does.
//!
//! How sound flows, and where to start reading:
//!
//! - [`source`]: bytes of an item, from a file or by HTTP ranges, kept in a bounded cache;
//! - [`deck`]: one open item, decoded ahead on its own thread into a bounded queue;
//! - [`feed`]: resampling, gain and the limiter, from decks into the ring;
//! - [`ring`]: the lock-free ring and the endless source that the device pulls;
//! - [`output`]: the device itself, or memory in its place;
//! - [`engine`]: the thread that ties them together, and its state.

mod deck;
mod engine;
mod feed;
mod output;
mod ring;
mod source;
mod types;

pub use engine::{Engine, SendError, StartError};
pub use output::{Capture, MemoryOutput, Output, Pace, output_devices};
pub use source::{Authorize, AuthorizeError};
pub use types::{Command, Config, Event, Item, PlayToken, Source};
