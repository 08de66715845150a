//! What goes in and what comes out.

use std::{fmt, path::PathBuf, sync::Arc};

use url::Url;

use crate::{Authorize, Output};

/// Names one playing of one item, so that news about an earlier one is never mistaken.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct PlayToken(pub u64);

/// Something to play.
#[derive(Clone, Debug)]
pub struct Item {
    pub token: PlayToken,
    pub source: Source,
    /// Loudness normalisation, already limited by true peak where that is known.
    pub gain_db: f32,
    /// A MIME type such as `audio/flac`; the bytes decide when it is wrong.
    pub content_type: String,
    /// As far as the catalog knows; 0 where it does not.
    pub duration_ms: u64,
}

/// Where the bytes of an [`Item`] come from.
#[derive(Clone)]
pub enum Source {
    /// A server that answers range requests with a strong ETag.
    Http {
        url: Url,
        authorize: Arc<dyn Authorize>,
    },
    File(PathBuf),
}

impl fmt::Debug for Source {
    /// Leaves out the query of an address: it may carry a signature.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http { url, .. } => f.debug_tuple("Http").field(&url.path()).finish(),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}

/// What the engine is asked to do. Each is handled in the order sent.
#[derive(Clone, Debug)]
pub enum Command {
    /// Replaces what plays. If the item is the prepared one and `position_ms` is 0, it is there
    /// at once. Forgets any other prepared item. `position_ms` is met to the sample wherever the
    /// format allows it.
    Load {
        item: Item,
        position_ms: u64,
        is_playing: bool,
    },
    /// The item that follows without a gap; replaces an earlier one.
    Prepare(Item),
    /// Nothing follows any more.
    Unprepare,
    Play,
    Pause,
    /// Exact where the bytes are here or the format has an index; otherwise sound comes as fast
    /// as it can from within a second or two of there, and positions say from where.
    Seek {
        position_ms: u64,
    },
    /// 0 to 1, before the perceptual curve: amplitude is its cube, so that half way sounds about
    /// half as loud (-18 dB).
    SetVolume(f32),
    /// A name of [`crate::output_devices`]; `None` follows the system's default.
    SetDevice(Option<String>),
    /// Changes the loudness gain of a loaded or prepared item, smoothly.
    SetGain {
        play: PlayToken,
        gain_db: f32,
    },
    /// Unloads everything.
    Stop,
}

/// What happened. Positions are those of what is heard, not of what is decoded.
#[derive(Clone, PartialEq, Debug)]
pub enum Event {
    /// The first sample of a loaded item was handed to the device. Comes once per `Load`.
    Started {
        token: PlayToken,
    },
    /// Four times a second while playing, and after every seek. `buffered_ms` is how much of the
    /// item, from its start to the end of the loaded stretch that is playing, is on this machine.
    Position {
        token: PlayToken,
        position_ms: u64,
        buffered_ms: u64,
    },
    Paused,
    Resumed,
    /// Wants to play and has nothing to play yet.
    Buffering {
        token: PlayToken,
    },
    /// Wants to play and cannot for a reason outside; goes on by itself when the reason is gone.
    Waiting {
        token: PlayToken,
        reason: String,
    },
    /// The sound is back after `Buffering` or `Waiting`.
    Flowing {
        token: PlayToken,
    },
    /// The prepared item followed without a gap; its first sample is being heard.
    Advanced {
        from: PlayToken,
        to: PlayToken,
    },
    /// The last sample was heard and nothing was prepared.
    Ended {
        token: PlayToken,
    },
    /// The item cannot be played (further), and why. What was decoded before was played.
    Failed {
        token: PlayToken,
        reason: String,
    },
    /// Sound goes to this device from now on.
    DeviceChanged {
        name: String,
    },
    /// There is no device to play on; playing pauses and goes on when one appears.
    NoDevice {
        reason: String,
    },
    /// Everything was unloaded on request.
    Stopped,
}

/// How an engine is set up.
#[derive(Clone, Debug)]
pub struct Config {
    pub output: Output,
    /// 0 to 1, see [`Command::SetVolume`].
    pub volume: f32,
    /// Bytes of finished downloads kept for playing again; bounds memory together with
    /// `source_bytes`.
    pub cache_bytes: usize,
    /// Bytes kept of one item while it plays.
    pub source_bytes: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            output: Output::Device(None),
            volume: 1.0,
            cache_bytes: 64 << 20,
            source_bytes: 32 << 20,
        }
    }
}
