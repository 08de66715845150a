//! Governance: the audit log, who did what to what, in an order that nobody can change later; and
//! the vault, where secrets and personal data are sealed.
//!
//! Records are the leaves of a Merkle tree (RFC 9162, section 2.1), and every batch of them
//! ends in a signed checkpoint ([`signed_note`]). Whoever keeps a checkpoint can tell whether a later log has it
//! as its beginning, and [`verify_file`] finds the first record that was changed, without a
//! server. Services hand their acts over through the outbox ([`domain::audit::TOPIC`]).
//!
//! The log holds no personal data: people and things are tokens. Start reading at [`Service`], then
//! [`merkle`], then [`verify_file`], then [`Vault`].

mod error;
mod export;
mod http;
mod key_file;
mod line;
pub mod merkle;
mod record;
mod relay;
mod schema;
mod service;
mod store;
mod vault;
mod verify;
mod writer;

pub use error::Error;
pub use export::Export;
pub use http::routes;
pub use key_file::KeyFile;
pub use record::Record;
pub use schema::HOLDINGS as LOG_HOLDINGS;
pub use service::{Filter, KeyRange, Service, SignedCheckpoint};
pub use signed_note::{Checkpoint, KeyError, NoteError, SigningKey, VerifyingKey};
pub use vault::{FileMasterKeys, HOLDINGS as VAULT_HOLDINGS, MasterKeys, Vault, Wrapped};
pub use verify::{Fault, Verified, verify_file};
