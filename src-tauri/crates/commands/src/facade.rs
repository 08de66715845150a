//! The facade itself: what it is made of, how it opens and closes.

use std::sync::{Arc, Mutex};

use domain::CoverId;
use ipc::{Event, Fault, Settings, Severity};
use local_store::{Key, Opened, SecretsConfig, Store};
use tokio::{
    sync::{Notify, broadcast},
    task::JoinHandle,
};

use crate::{
    Config, OpenError, Output,
    avatar::AvatarKept,
    browser::Journeys,
    catalog::Catalog,
    clock::blocking,
    covers::Covers,
    downloads::Downloads,
    news::News,
    player::{Parts, Player, Volume},
    plays,
    server::{Bearer, Server},
    tracks::Tracks,
};

/// Everything the player can do. Clones share one player, which ends with the last of them.
#[derive(Clone)]
pub struct Facade {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) config: Config,
    pub(crate) news: News,
    pub(crate) store: Store,
    pub(crate) server: Arc<Server>,
    pub(crate) tracks: Arc<Tracks>,
    pub(crate) catalog: Catalog,
    pub(crate) covers: Covers,
    pub(crate) avatar: AvatarKept,
    pub(crate) downloads: Downloads,
    pub(crate) journeys: Journeys,
    pub(crate) player: Player,
    pub(crate) settings: Mutex<Settings>,
    /// What goes on beside the player; ends with it.
    tasks: Vec<JoinHandle<()>>,
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
    /// runtime, whose tasks do the work from then on, and a TLS provider (rustls) installed for
    /// the process. The network and the keyring are not waited for.
    pub async fn open(config: Config) -> Result<Self, OpenError> {
        let data_dir = config.data_dir.clone();
        let in_data = |source| match source {
            local_store::Error::InUse { path } => OpenError::InUse { data_dir: path },
            source => OpenError::Data { data_dir: data_dir.clone(), source },
        };
        let folder = config.data_dir.clone();
        let Opened { store, set_aside } =
            blocking(move || Store::open(&folder)).await.map_err(in_data)?;
        let news = News::new();
        if let Some(path) = set_aside {
            news.notify(
                Severity::Warning,
                format!("The data on this device was damaged and lies in {} now.", path.display()),
                "Queue and history start empty; nothing on the server is lost.",
            );
        }
        let kept = store.clone();
        let (settings, volume) =
            blocking(move || (kept.value(Key::Settings), kept.value(Key::Volume))).await;
        let settings = settings.unwrap_or_else(|error| {
            tracing::warn!(%error, "settings are those of the start");
            news.notify(Severity::Warning, "Your settings could not be read.", "They start anew.");
            None
        });
        let settings: Settings = settings.unwrap_or_default();
        let volume: Volume = volume.ok().flatten().unwrap_or_default();

        let server = Server::new(store.clone(), news.clone(), config.device_name.clone())
            .map_err(OpenError::Http)?;
        let recalled = Arc::clone(&server);
        blocking(move || recalled.recall()).await.map_err(in_data)?;

        let output = config.output.clone();
        let output = output.unwrap_or_else(|| Output::Device(settings.output_device.clone()));
        let engine_config = audio_engine::Config {
            output,
            volume: volume.heard(),
            ..audio_engine::Config::default()
        };
        let (engine, engine_events) =
            audio_engine::Engine::start(engine_config).map_err(OpenError::Audio)?;

        let tracks = Arc::new(Tracks::new(Arc::clone(&server), store.clone()));
        let played = Arc::new(Notify::new());
        let player = Player::start(Parts {
            engine,
            engine_events,
            server: Arc::clone(&server),
            tracks: Arc::clone(&tracks),
            store: store.clone(),
            news: news.clone(),
            authorize: Arc::new(Bearer::new(Arc::clone(&server))),
            owner: server.owner(),
            settings: settings.clone(),
            volume,
            played: Arc::clone(&played),
        });
        let tasks = vec![
            tokio::spawn(plays::report_all(Arc::downgrade(&server), store.clone(), played)),
            tokio::spawn(Server::watch_connection(Arc::downgrade(&server))),
            tokio::spawn(restore(Arc::clone(&server), config.clone())),
        ];
        let inner = Inner {
            catalog: Catalog::new(Arc::clone(&server), store.clone(), Arc::clone(&tracks)),
            covers: Covers::new(Arc::clone(&server), store.clone()),
            avatar: AvatarKept::default(),
            downloads: Downloads::new(config.download_dir.clone()),
            journeys: Journeys::new(config.browser.clone(), config.browser_patience),
            config,
            news,
            store,
            server,
            tracks,
            player,
            settings: Mutex::new(settings),
            tasks,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Saves everything, ends the play that is on and stops the audio; another may open the folder
    /// then. The player answers no more after it.
    pub async fn close(&self) {
        self.inner.player.close().await;
        self.inner.server.close().await;
        for task in &self.inner.tasks {
            task.abort();
        }
        self.inner.store.release();
    }

    /// News, from now on. What a person should read comes once the interface is ready.
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.inner.news.subscribe()
    }

    /// Passes on something from outside the window (tray, second start): the interface goes
    /// to `path`.
    pub fn navigate(&self, path: impl Into<String>) {
        self.inner.news.tell(Event::Navigate { path: path.into() });
    }

    /// A cover from this device, else from the server.
    pub async fn cover(&self, id: CoverId, size: CoverSize) -> Result<CoverImage, Fault> {
        self.inner.covers.get(id, size).await
    }
}

async fn restore(server: Arc<Server>, config: Config) {
    let secrets = SecretsConfig {
        name: format!("session in {}", config.data_dir.display()),
        folder: config.data_dir,
        with_keyring: config.with_keyring,
        patience: config.keyring_patience,
    };
    server.restore(secrets).await;
}
