//! What is held about persons here.

use domain::subject::{Holding, Key, OnErasure};

/// All tables of this service that name persons. Counts of plays name nobody, and stay.
pub const HOLDINGS: &[Holding] = &[Holding {
    table: "play",
    keys: &[Key::Id("account_id")],
    what: "What you played, when, and for how long",
    why: "To count plays, each once, and to show what is played most; nothing is added while you \
          have your data kept and not used",
    kept: "As long as the account",
    secret: &[],
    on_erasure: OnErasure::Delete,
}];
