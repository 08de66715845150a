//! The one facade: all that an interface, a command line or a test may ask of the player, as
//! plain async functions.
//!
//! It composes the pure player (`player-core`), the audio engine, this device's store and the
//! server's HTTP contract; nothing else in the app joins them. It knows no window and no Tauri:
//! the shell turns each call of `ipc` into one call here and passes the events on.
//!
//! Where to look:
//!
//! - [`Facade`]: how it opens and closes; its calls stand by subject in `calls`;
//! - `server`: requests, tokens, whether the server answers;
//! - `catalog`, `tracks`, `covers`: what was asked of the server, and what is kept of it;
//! - `player`: the task in which the player, the engine and the saved queue meet;
//! - `browser`: the way through the system's browser and back;
//! - `downloads`: files that are the listener's own;
//! - `news`: what is told to the interface;
//! - `plays`: the way of a play to the server.

mod address;
mod avatar;
mod browser;
mod calls;
mod catalog;
mod clock;
mod config;
mod covers;
mod downloads;
mod facade;
mod fault;
mod news;
mod player;
mod plays;
mod server;
mod tracks;

pub use config::{Browser, Capture, Config, MemoryOutput, OpenError, Output, Pace};
pub use facade::{CoverImage, CoverSize, Facade};
