//! A server, a device and their listener.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::{Context as _, ensure};
use api_tests::{PASSWORD, ServerProcess, music::tone_write};
use commands::{Capture, Config, Facade, MemoryOutput, OpenError, Output, Pace};
use domain::Track;
use ipc::{Context, ListQuery, PlayerView, SecretsState, Selection};
use tempfile::TempDir;

pub const EMAIL: &str = "ann@music.example";
pub const PASSPHRASE: &str = "correct horse";
pub const TITLES: [&str; 4] = ["Harbour Lights", "Glass Meadow", "Night Ferry", "Salt and Copper"];
pub const LENGTH_S: u32 = 60;

/// Generous for a machine that builds at the same time.
pub const PATIENCE: Duration = Duration::from_mins(1);

pub type Outcome = anyhow::Result<()>;

/// A server with four tracks and a device with its owner signed in.
pub struct Stand {
    pub server: Option<ServerProcess>,
    /// The server reads the files where they lie.
    pub music: TempDir,
    pub device: TempDir,
    pub capture: Capture,
}

impl Stand {
    pub async fn new() -> anyhow::Result<(Self, Facade)> {
        let (stand, facade) = Self::without_music().await?;
        stand.import().await?;
        Ok((stand, facade))
    }

    pub async fn without_music() -> anyhow::Result<(Self, Facade)> {
        let server = ServerProcess::start()?;
        let stand = Self {
            server: Some(server),
            music: tempfile::tempdir()?,
            device: tempfile::tempdir()?,
            capture: Capture::default(),
        };
        let facade = stand.open().await?;
        let sign_up = ipc::SignUp {
            server_url: stand.server()?.url().to_owned(),
            display_name: "Ann".into(),
            email: EMAIL.into(),
            password: PASSWORD.into(),
        };
        let view = said(facade.session_sign_up(sign_up).await)?;
        ensure!(view.secrets == SecretsState::MemoryOnly, "{view:?}");
        Ok((stand, facade))
    }

    pub fn server(&self) -> anyhow::Result<&ServerProcess> {
        self.server.as_ref().context("the server runs")
    }

    pub async fn open(&self) -> anyhow::Result<Facade> {
        open(self.device.path(), &self.capture).await.context("the facade opens")
    }

    /// Opens again and gives the passphrase.
    pub async fn reopen(&self) -> anyhow::Result<Facade> {
        let facade = self.open().await?;
        let view = said(facade.session_view(ipc::SessionGet {}).await)?;
        ensure!(view.secrets == SecretsState::Locked, "{view:?}");
        let unlock = ipc::SecretsUnlock { passphrase: PASSPHRASE.into() };
        let view = said(facade.secrets_unlock(unlock).await)?;
        ensure!(view.account.is_some_and(|account| account.display_name == "Ann"));
        Ok(facade)
    }

    /// Imports over HTTP, as the operator that the first account is.
    pub async fn import(&self) -> Outcome {
        let folder = &self.music;
        for (title, pitch_hz) in TITLES.iter().zip([220, 330, 440, 550]) {
            tone_write(&folder.path().join(format!("{title}.wav")), pitch_hz, LENGTH_S)?;
        }
        let client = self.server()?.client()?;
        let client = client.clone().with_token(client.sign_in(EMAIL).await?.access_token);
        let body = api::imports::ImportStart { directory: folder.path().display().to_string() };
        let request = client.request(reqwest::Method::POST, "/api/v1/imports").json(&body);
        let started: api::imports::Import =
            api_tests::client::success(request.send().await?).await?;
        let path = format!("/api/v1/imports/{}", started.id);
        eventually("the import", async || {
            let import: api::imports::Import = client.get(&path).await?;
            ensure!(import.failure.is_none() && import.problems.is_empty(), "{import:?}");
            Ok((import.state == api::imports::ImportState::Done).then_some(()))
        })
        .await
    }

    /// As a power cut would.
    pub fn kill_server(&mut self) -> anyhow::Result<(Arc<TempDir>, String)> {
        let server = self.server.take().context("the server runs")?;
        let address = server.url().trim_start_matches("http://").to_owned();
        Ok((server.kill()?, address))
    }
}

pub async fn open(folder: &Path, capture: &Capture) -> Result<Facade, OpenError> {
    // Fails where another test of this process was first, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut config = Config::new(folder);
    config.with_keyring = false;
    config.output = Some(Output::Memory(MemoryOutput {
        sample_rate: 48_000,
        channels: 2,
        pace: Pace::RealTime,
        capture: capture.clone(),
    }));
    Facade::open(config).await
}

pub fn said<T>(answer: Result<T, ipc::Fault>) -> anyhow::Result<T> {
    answer.map_err(|fault| anyhow::anyhow!("{fault:?}"))
}

pub async fn eventually<T>(
    what: &str,
    mut look: impl AsyncFnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let until = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        ensure!(tokio::time::Instant::now() < until, "{what}: not within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

/// Waits until the player looks so.
pub async fn player(
    facade: &Facade,
    what: &str,
    is_so: impl Fn(&PlayerView) -> bool,
) -> anyhow::Result<PlayerView> {
    let mut last = None;
    let seen = eventually(what, async || {
        let view = said(facade.player_view(ipc::PlayerGet {}).await)?;
        let is_so = is_so(&view);
        last = Some(view.clone());
        Ok(is_so.then_some(view))
    })
    .await;
    seen.with_context(|| format!("last seen: {last:?}"))
}

pub fn title(view: &PlayerView) -> &str {
    view.track.as_ref().map_or("", |track| track.title.as_str())
}

pub async fn library(facade: &Facade) -> anyhow::Result<Vec<Track>> {
    let query = ListQuery { limit: 50, ..ListQuery::default() };
    Ok(said(facade.track_list(ipc::TrackList { query }).await)?.items)
}

pub async fn play_library(facade: &Facade, start: &str) -> Outcome {
    let tracks = library(facade).await?;
    let start = tracks.iter().find(|track| track.title == start).context("it is there")?.id;
    said(
        facade
            .player_play(ipc::PlayFrom {
                context: Context::Library,
                selection: Selection::Tracks { ids: tracks.iter().map(|track| track.id).collect() },
                start: Some(start),
                is_shuffled: false,
            })
            .await,
    )
}

pub async fn upcoming(facade: &Facade) -> anyhow::Result<Vec<(String, bool)>> {
    let view = said(facade.queue_view(ipc::QueueGet { offset: 0, limit: 100 }).await)?;
    Ok(view.upcoming.into_iter().map(|row| (row.track.title, row.is_added)).collect())
}

pub async fn choose_passphrase(facade: &Facade) -> Outcome {
    let unlock = ipc::SecretsUnlock { passphrase: PASSPHRASE.into() };
    let view = said(facade.secrets_unlock(unlock).await)?;
    ensure!(view.secrets == SecretsState::SealedFile, "{view:?}");
    Ok(())
}
