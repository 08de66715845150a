//! The one facade: all that an interface, a command line or a test may ask of the player, as
//! plain async functions.
//!
//! It composes the pure player (`player-core`), the audio engine, this device's store and the
//! server's HTTP contract; nothing else in the app joins them. It knows no window and no Tauri:
//! the shell turns each call of `ipc` into one call here and passes the events on.
//!
//! Start reading at [`Facade`].

mod calls;
mod config;
mod facade;
mod fault;

pub use config::{Config, OpenError};
pub use facade::{CoverImage, CoverSize, Facade};
