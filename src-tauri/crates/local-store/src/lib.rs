//! What the player keeps on this device: settings, the session, the queue, plays not reported yet,
//! what was seen of the catalog, covers, and one secret.
//!
//! All but secrets and covers is one SQLite file with migrations; covers are files with an index;
//! the secret lies in the keyring of the operating system or in a file sealed by a passphrase,
//! never in plain text. Everything that grows has a bound and drops what was used longest ago.
//!
//! Calls block: run them off threads that must not. This crate knows neither the server nor the
//! interface; what it keeps for them is JSON to it.
//!
//! Start reading at [`Store::open`] and [`Secrets`].

mod covers;
mod error;
mod pages;
mod plays;
mod queue;
mod schema;
pub mod secrets;
mod store;
mod tracks;
mod values;

pub use covers::{COVERS_BYTES_MAX, StoredCover};
pub use error::{Error, Result};
pub use pages::{PAGES_BYTES_MAX, StoredPage};
pub use plays::StoredPlay;
pub use queue::StoredQueue;
pub use secrets::{Secrets, SecretsConfig, SecretsError, SecretsState};
pub use store::{Opened, Store};
pub use tracks::TRACKS_MAX;
pub use values::Key;
