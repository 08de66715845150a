//! Checkpoints of the audit log as signed notes (C2SP signed-note and tlog-checkpoint): made by the
//! server, verified by whoever reads the log, without the server's word for it.
//!
//! A log may change its key. The last checkpoint of the old key names the new one and is signed by
//! both, so that whoever knows the old key needs nobody else to follow ([`Checkpoint::hand_over`]).
//!
//! It is pure: random bytes come in as arguments. Trees and their proofs are `domain`'s. Start reading
//! at [`Checkpoint`].

mod checkpoint;
mod keys;

pub use checkpoint::{Checkpoint, NoteError, Opened};
pub use keys::{KeyError, SigningKey, VerifyingKey};
