//! What outlives a restart.

use domain::queue::{Context, EntryId, Repeat};
use serde::{Deserialize, Serialize};

use crate::queue::Entry;

/// The queue and where playing stood; how far a play was counted and what could be undone are
/// left out. What is read from a file is made sound before it is used: see
/// [`crate::Player::restore`].
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Snapshot {
    pub context: Option<Context>,
    /// Played before, oldest first.
    pub past: Vec<Entry>,
    pub current: Option<Entry>,
    /// Next, added by hand.
    pub front: Vec<Entry>,
    /// Then, of the context.
    pub rest: Vec<Entry>,
    /// While shuffled: the order to go back to.
    pub natural: Option<Vec<EntryId>>,
    pub next_round: Option<EntryId>,
    pub next_entry: u64,
    pub repeat: Repeat,
    pub position_ms: u64,
}
