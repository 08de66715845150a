//! Words for the queue that the player and every interface share.

use serde::{Deserialize, Serialize};

use crate::ids::{ArtistId, ReleaseId};

/// One place in the queue; the same track may stand in several. Unique as long as the queue
/// lives.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EntryId(pub u64);

/// What is being played from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Context {
    Release {
        id: ReleaseId,
        title: String,
    },
    Artist {
        id: ArtistId,
        name: String,
    },
    Search {
        query: String,
    },
    Library,
    History,
    /// Put together by hand.
    Queue,
}

/// What repeats.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repeat {
    #[default]
    Off,
    All,
    One,
}
