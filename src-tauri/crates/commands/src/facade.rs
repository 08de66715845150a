//! The facade itself.

use std::sync::Arc;

use domain::CoverId;
use ipc::{Event, Fault};
use tokio::sync::broadcast;

use crate::{Config, OpenError, fault};

/// How many events a slow listener may fall behind before it misses some.
const EVENTS_MAX: usize = 256;

/// Everything the player can do. Clones share one player.
#[derive(Clone)]
pub struct Facade {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) events: broadcast::Sender<Event>,
}

/// Sizes covers come in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CoverSize {
    Px64,
    Px300,
    Px640,
    Original,
}

impl CoverSize {
    /// From the query of a cover's address: `64`, `300`, `640` or `original`.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "64" => Self::Px64,
            "300" => Self::Px300,
            "640" => Self::Px640,
            "original" => Self::Original,
            _ => return None,
        })
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Px64 => "64",
            Self::Px300 => "300",
            Self::Px640 => "640",
            Self::Original => "original",
        }
    }
}

/// A cover's bytes as an image file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CoverImage {
    pub bytes: Vec<u8>,
    /// Such as `image/jpeg`.
    pub content_type: String,
}

impl Facade {
    /// Opens the data folder, starts the audio and restores queue and session. Needs a tokio
    /// runtime, whose tasks do the work from then on. The network is not waited for.
    pub async fn open(_config: Config) -> Result<Self, OpenError> {
        let (events, _) = broadcast::channel(EVENTS_MAX);
        Ok(Self { inner: Arc::new(Inner { events }) })
    }

    /// Saves everything, ends the play that is on and stops the audio. The facade answers no
    /// more after it.
    pub async fn close(&self) {}

    /// News, from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.inner.events.subscribe()
    }

    /// Passes on something from outside the window (tray, second start): the interface goes
    /// to `path`.
    pub fn navigate(&self, path: impl Into<String>) {
        // Nobody listening is fine: there is no window to go anywhere then.
        let _ = self.inner.events.send(Event::Navigate { path: path.into() });
    }

    /// A cover from this device, else from the server.
    pub async fn cover(&self, _id: CoverId, _size: CoverSize) -> Result<CoverImage, Fault> {
        Err(fault::other("not yet", ""))
    }
}
