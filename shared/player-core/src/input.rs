//! What happens to the player.

use domain::{
    TrackId,
    queue::{Context, EntryId, Repeat},
};

/// Where added tracks go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Placement {
    /// Right after what plays now.
    Next,
    /// After what was added by hand before.
    Last,
}

/// What the listener or the audio engine did.
#[derive(Clone, PartialEq, Debug)]
pub enum Input {
    /// Plays `tracks` as the new context. What was added by hand still comes next.
    PlayFrom {
        context: Context,
        tracks: Vec<TrackId>,
        /// Index in `tracks`; a random one where absent and shuffled, else the first.
        start: Option<usize>,
        is_shuffled: bool,
    },
    /// More of a context, put at its end; `lot` as [`crate::Queue::lot`] gave it when the context
    /// began. Refused once nothing of that context could come any more.
    Extend {
        lot: u64,
        tracks: Vec<TrackId>,
    },
    Toggle,
    Pause,
    Resume,
    /// Loads what is current, paused, so that it starts at once later.
    Preload,
    Next,
    Previous,
    Seek {
        position_ms: u64,
    },
    SetShuffle {
        is_shuffled: bool,
    },
    SetRepeat {
        repeat: Repeat,
    },
    Add {
        tracks: Vec<TrackId>,
        placement: Placement,
    },
    /// Plays an entry of the queue now.
    Jump {
        entry: EntryId,
    },
    Remove {
        entries: Vec<EntryId>,
    },
    /// Puts `entry` before another; at the end where `before` is absent.
    Move {
        entry: EntryId,
        before: Option<EntryId>,
    },
    /// Forgets all that comes; what plays goes on.
    Clear,
    Undo,
    /// Ends the play that is on and unloads; queue and position stay.
    Unload,
    Engine(EngineNews),
}

/// What the audio engine tells. A token names one loading of one track.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EngineNews {
    /// The first sample of what was loaded sounds.
    Started {
        token: u64,
    },
    Position {
        token: u64,
        position_ms: u64,
        buffered_ms: u64,
    },
    Buffering {
        token: u64,
    },
    Waiting {
        token: u64,
        reason: String,
    },
    /// Sound is back after `Buffering` or `Waiting`.
    Flowing {
        token: u64,
    },
    /// The prepared track followed without a gap.
    Advanced {
        from: u64,
        to: u64,
    },
    Ended {
        token: u64,
    },
    Failed {
        token: u64,
        reason: String,
    },
    /// There is nothing to play on.
    NoDevice {
        reason: String,
    },
    DeviceChanged,
}
