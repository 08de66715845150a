//! The player at work: one task that owns the pure player and drives the audio engine with it.
//!
//! Calls come in as [`Ask`]s, news from the engine as its events; each goes to `player-core` as an
//! input, and the effects are carried out here. Nothing in this task waits for the network: what
//! does is spawned and asks again.

use std::{sync::Arc, time::Duration};

use audio_engine::{Authorize, Engine};
use domain::{Track, TrackId, queue::Context};
use ipc::{Fault, PlayerView, Settings};
use local_store::Store;
use player_core::{Entry, Input};
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, mpsc, oneshot, watch};

use crate::{fault, news::News, server::Server, tracks::Tracks};

mod effects;
mod news;
mod save;
mod stage;

pub(crate) use stage::Stage;

/// Calls that may wait for the player.
const ASKS_MAX: usize = 64;

/// How often the state is looked at to be saved; a crash loses about as much of the position.
const TICK: Duration = Duration::from_millis(500);

/// How loud, before the curve.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Volume {
    pub volume: f32,
    pub is_muted: bool,
}

impl Default for Volume {
    fn default() -> Self {
        Self { volume: 1.0, is_muted: false }
    }
}

impl Volume {
    pub fn heard(self) -> f32 {
        if self.is_muted { 0.0 } else { self.volume.clamp(0.0, 1.0) }
    }
}

/// A window of the queue, still without names.
pub(crate) struct Window {
    pub revision: u64,
    pub context: Option<Context>,
    pub current: Option<Entry>,
    pub upcoming: Vec<(Entry, bool)>,
    pub n_upcoming: usize,
    pub n_added: usize,
    pub can_undo: bool,
}

pub(crate) enum Ask {
    /// Answers with the lot of the queue then: see [`player_core::Queue::lot`].
    Give {
        input: Input,
        done: oneshot::Sender<Result<u64, Fault>>,
    },
    View {
        answer: oneshot::Sender<PlayerView>,
    },
    Window {
        offset: usize,
        limit: usize,
        answer: oneshot::Sender<Window>,
    },
    SetVolume {
        volume: f32,
        done: oneshot::Sender<()>,
    },
    SetMuted {
        is_muted: bool,
        done: oneshot::Sender<()>,
    },
    /// The settings have changed.
    Settings {
        settings: Box<Settings>,
    },
    /// A track that was not at hand when it was wanted.
    Found {
        token: u64,
        id: TrackId,
        track: Result<Arc<Track>, Fault>,
    },
    Close {
        done: oneshot::Sender<()>,
    },
}

/// What the player is put together from.
pub(crate) struct Parts {
    pub engine: Engine,
    pub engine_events: mpsc::Receiver<audio_engine::Event>,
    pub server: Arc<Server>,
    pub tracks: Arc<Tracks>,
    pub store: Store,
    pub news: News,
    pub authorize: Arc<dyn Authorize>,
    pub owner: watch::Receiver<Option<String>>,
    pub settings: Settings,
    pub volume: Volume,
    /// Woken when a play is over.
    pub played: Arc<Notify>,
}

/// Speaks to the player's task.
#[derive(Clone)]
pub(crate) struct Player {
    asks: mpsc::Sender<Ask>,
}

impl Player {
    /// Starts the task. It ends with [`Player::close`], or when nobody can ask any more.
    pub fn start(parts: Parts) -> Self {
        let (asks, asked) = mpsc::channel(ASKS_MAX);
        let stage = Stage::new(parts, asks.downgrade());
        tokio::spawn(stage.run(asked));
        Self { asks }
    }

    pub async fn give(&self, input: Input) -> Result<(), Fault> {
        self.begin(input).await.map(drop)
    }

    /// Gives an input that begins a context, and answers what names that.
    pub async fn begin(&self, input: Input) -> Result<u64, Fault> {
        self.ask(|done| Ask::Give { input, done }).await?
    }

    pub async fn view(&self) -> Result<PlayerView, Fault> {
        self.ask(|answer| Ask::View { answer }).await
    }

    pub async fn window(&self, offset: usize, limit: usize) -> Result<Window, Fault> {
        self.ask(|answer| Ask::Window { offset, limit, answer }).await
    }

    pub async fn set_volume(&self, volume: f32) -> Result<(), Fault> {
        self.ask(|done| Ask::SetVolume { volume, done }).await
    }

    pub async fn set_muted(&self, is_muted: bool) -> Result<(), Fault> {
        self.ask(|done| Ask::SetMuted { is_muted, done }).await
    }

    pub async fn settings(&self, settings: Settings) {
        // A player that has closed needs no settings.
        let _ = self.asks.send(Ask::Settings { settings: Box::new(settings) }).await;
    }

    /// Ends the play that is on, and saves. Answers when all is on disk.
    pub async fn close(&self) {
        // One that has closed already has saved, too.
        let _ = self.ask(|done| Ask::Close { done }).await;
    }

    async fn ask<T>(&self, ask: impl FnOnce(oneshot::Sender<T>) -> Ask) -> Result<T, Fault> {
        let (answer, answered) = oneshot::channel();
        self.asks.send(ask(answer)).await.map_err(|_| fault::closing())?;
        answered.await.map_err(|_| fault::closing())
    }
}
