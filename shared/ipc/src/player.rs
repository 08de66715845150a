//! Playing and the queue.

pub use domain::queue::{Context, EntryId, Repeat};

use super::{ArtistId, Deserialize, ListQuery, ReleaseId, Serialize, Track, TrackId, calls};

/// What the player is doing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Playback {
    /// Nothing is loaded.
    Stopped,
    Playing,
    Paused,
    /// Wants to play and waits for data; longer than a blink.
    Buffering,
    /// Wants to play and cannot; goes on by itself when the cause is gone.
    Waiting {
        reason: String,
    },
    /// Cannot play this track.
    Failed {
        reason: String,
    },
}

/// The player at one moment. While `Playing`, the position moves on from `position_ms` at one
/// millisecond per millisecond since the event came in.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct PlayerView {
    pub playback: Playback,
    pub entry: Option<EntryId>,
    pub track: Option<Track>,
    pub position_ms: u64,
    pub duration_ms: u64,
    /// How much of the track is on this device, as far as is known, up to `duration_ms`.
    pub buffered_ms: u64,
    pub context: Option<Context>,
    /// 0 to 1, before the perceptual curve.
    pub volume: f32,
    pub is_muted: bool,
    pub is_shuffled: bool,
    pub repeat: Repeat,
    pub has_next: bool,
    pub has_previous: bool,
    /// Gain in dB that normalisation applies to this track now.
    pub gain_db: f32,
}

/// One row of the queue.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct QueueRow {
    pub entry: EntryId,
    pub track: Track,
    /// Put there by hand (play next, add), and so before what remains of the context.
    pub is_added: bool,
}

/// A window of the queue.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct QueueView {
    pub revision: u64,
    pub context: Option<Context>,
    /// What plays now.
    pub current: Option<QueueRow>,
    /// What comes, in order, from the asked offset on.
    pub upcoming: Vec<QueueRow>,
    pub offset: u32,
    pub n_upcoming: u32,
    /// How many of those were added by hand; they come first.
    pub n_added: u32,
    pub can_undo: bool,
}

/// Where to put tracks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Placement {
    /// Right after what plays now.
    Next,
    /// After what was added by hand before.
    Last,
}

/// Which tracks: given one by one or by where they stand.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Selection {
    Tracks {
        ids: Vec<TrackId>,
    },
    Release {
        id: ReleaseId,
    },
    /// The artist's top tracks, then the releases in order.
    Artist {
        id: ArtistId,
    },
    /// The library's tracks as a list shows them, from its cursor on: the whole list where it has
    /// none. Its limit counts for nothing.
    Library {
        query: ListQuery,
    },
}

calls! {
    "player_view": PlayerGet {} -> PlayerView;
    /// Plays from `start` with all of `selection` as the context.
    "player_play": PlayFrom {
        context: Context,
        selection: Selection,
        /// Which track of the selection plays first; the first one where absent.
        start: Option<TrackId>,
        is_shuffled: bool,
    } -> ();
    "player_toggle": PlayerToggle {} -> ();
    "player_pause": PlayerPause {} -> ();
    "player_resume": PlayerResume {} -> ();
    "player_next": PlayerNext {} -> ();
    /// Restarts the track after 3 s, goes to the one before until then.
    "player_previous": PlayerPrevious {} -> ();
    "player_seek": PlayerSeek { position_ms: u64 } -> ();
    "player_set_volume": SetVolume { volume: f32 } -> ();
    "player_set_muted": SetMuted { is_muted: bool } -> ();
    "player_set_shuffle": SetShuffle { is_shuffled: bool } -> ();
    "player_set_repeat": SetRepeat { repeat: Repeat } -> ();
    "queue_view": QueueGet { offset: u32, limit: u32 } -> QueueView;
    "queue_add": QueueAdd { selection: Selection, placement: Placement } -> ();
    /// Jumps to an entry of the queue.
    "queue_play": QueuePlay { entry: EntryId } -> ();
    "queue_remove": QueueRemove { entries: Vec<EntryId> } -> ();
    /// Moves an entry so that it stands before another; at the end where `before` is absent.
    "queue_move": QueueMove { entry: EntryId, before: Option<EntryId> } -> ();
    /// Forgets all that comes; what plays goes on.
    "queue_clear": QueueClear {} -> ();
    /// Takes back the last change of the queue.
    "queue_undo": QueueUndo {} -> ();
}
