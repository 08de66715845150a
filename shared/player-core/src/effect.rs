//! What has to happen in answer.

use domain::{PlayId, TrackId};

/// One thing to carry out, in the order given.
#[derive(Clone, PartialEq, Debug)]
pub enum Effect {
    /// Replace what the engine plays.
    Load {
        token: u64,
        track: TrackId,
        position_ms: u64,
        is_playing: bool,
    },
    /// Have this track follow without a gap; replaces an earlier one.
    Prepare {
        token: u64,
        track: TrackId,
    },
    /// Nothing follows any more.
    Unprepare,
    Resume,
    Pause,
    Seek {
        position_ms: u64,
    },
    /// Unload everything.
    Stop,
    /// A play has counted or is over: keep it under its id, replacing what was kept before.
    Record(Play),
    /// What [`crate::Player::view`] answers has changed.
    PlayerChanged,
    /// The queue has changed.
    QueueChanged {
        revision: u64,
    },
    /// To be told to the listener.
    Notify(Notice),
    /// The input asked for something that cannot be; nothing was changed.
    Refuse(Refusal),
}

/// One play of one track, so far or as a whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Play {
    pub id: PlayId,
    pub track: TrackId,
    /// Milliseconds since 1970.
    pub started_at_ms: u64,
    /// Heard, without pauses and without what was skipped.
    pub listened_ms: u64,
    /// Nothing more will come of this play.
    pub is_over: bool,
}

/// News that nobody asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Notice {
    /// A track could not be played, or not to its end where it `was_heard`; the next one is tried.
    Skipped { track: TrackId, was_heard: bool, reason: String },
    /// Track after track could not be played, so playing has stopped.
    /// One that `was_heard` was the last of the queue.
    GaveUp { n_failed: u32, was_heard: bool, reason: String },
}

/// Why an input was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    #[error("the queue holds at most {} tracks", crate::QUEUE_MAX)]
    QueueFull,
    #[error("this entry is no longer in the queue")]
    UnknownEntry,
    #[error("this context is over")]
    UnknownContext,
    #[error("there are no tracks to play")]
    NoTracks,
    #[error("there is nothing to undo")]
    NothingToUndo,
}
