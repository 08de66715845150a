//! Media keys and the system's player controls: MPRIS on Linux, SMTC on Windows, Now Playing on
//! macOS.

use std::{
    path::{Path, PathBuf},
    sync::Mutex,
    time::Duration,
};

use anyhow::{Context, Result};
use commands::{CoverSize, Facade};
use domain::Track;
use ipc::{Playback, PlayerView};
use souvlaki::{
    MediaControlEvent, MediaControls, MediaMetadata, MediaPlayback, MediaPosition, PlatformConfig,
    SeekDirection,
};
use tauri::{App, AppHandle, Manager, async_runtime};
use tokio::sync::broadcast::error::RecvError;
use tracing::{info, warn};

use super::call;
use crate::window;

/// A seek key without an amount moves by this much.
const SEEK_STEP: Duration = Duration::from_secs(5);

struct Controls(Mutex<MediaControls>);

/// Connects both ways; without controls on this system, says so and does nothing.
pub fn set_up(app: &App, facade: &Facade) {
    match connect(app, facade) {
        Ok(controls) => {
            app.manage(Controls(Mutex::new(controls)));
            async_runtime::spawn(follow(app.handle().clone(), facade.clone()));
        }
        Err(error) => info!(error = format!("{error:#}"), "no media keys"),
    }
}

fn connect(app: &App, facade: &Facade) -> Result<MediaControls> {
    #[cfg(target_os = "linux")]
    find_session_bus()?;
    #[cfg(windows)]
    let hwnd = {
        let window = app.get_webview_window(window::LABEL).context("the window is open")?;
        Some(window.hwnd()?.0)
    };
    #[cfg(not(windows))]
    let hwnd = None;
    let config = PlatformConfig { display_name: "MelodyUD", dbus_name: "melodyud", hwnd };
    let mut controls = MediaControls::new(config).map_err(|error| anyhow::anyhow!("{error:?}"))?;
    let app = app.handle().clone();
    let facade = facade.clone();
    controls
        .attach(move |event| on_key(&app, &facade, event))
        .map_err(|error| anyhow::anyhow!("{error:?}"))?;
    Ok(controls)
}

/// The controls' own thread would panic without a bus.
#[cfg(target_os = "linux")]
fn find_session_bus() -> Result<()> {
    let is_named = std::env::var_os("DBUS_SESSION_BUS_ADDRESS").is_some_and(|bus| !bus.is_empty());
    let runtime_dir = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let is_usual = runtime_dir.is_some_and(|dir| dir.join("bus").exists());
    (is_named || is_usual).then_some(()).context("there is no session bus")
}

fn on_key(app: &AppHandle, facade: &Facade, event: MediaControlEvent) {
    let facade = facade.clone();
    match event {
        MediaControlEvent::Play => {
            call(async move { facade.player_resume(ipc::PlayerResume {}).await });
        }
        MediaControlEvent::Pause | MediaControlEvent::Stop => {
            call(async move { facade.player_pause(ipc::PlayerPause {}).await });
        }
        MediaControlEvent::Toggle => {
            call(async move { facade.player_toggle(ipc::PlayerToggle {}).await });
        }
        MediaControlEvent::Next => {
            call(async move { facade.player_next(ipc::PlayerNext {}).await });
        }
        MediaControlEvent::Previous => {
            call(async move { facade.player_previous(ipc::PlayerPrevious {}).await });
        }
        MediaControlEvent::Seek(direction) => call(seek_by(facade, direction, SEEK_STEP)),
        MediaControlEvent::SeekBy(direction, by) => call(seek_by(facade, direction, by)),
        MediaControlEvent::SetPosition(MediaPosition(position)) => {
            let position_ms = millis(position);
            call(async move { facade.player_seek(ipc::PlayerSeek { position_ms }).await });
        }
        MediaControlEvent::SetVolume(volume) => {
            let volume = volume.clamp(0.0, 1.0) as f32;
            call(async move { facade.player_set_volume(ipc::SetVolume { volume }).await });
        }
        MediaControlEvent::SetShuffle(is_shuffled) => {
            call(async move { facade.player_set_shuffle(ipc::SetShuffle { is_shuffled }).await });
        }
        MediaControlEvent::Raise => window::raise(app),
        MediaControlEvent::Quit => app.exit(0),
        // We do not offer to open addresses.
        _ => {}
    }
}

async fn seek_by(facade: Facade, direction: SeekDirection, by: Duration) -> Result<(), ipc::Fault> {
    let now = facade.player_view(ipc::PlayerGet {}).await?;
    let position_ms = match direction {
        SeekDirection::Forward => now.position_ms.saturating_add(millis(by)).min(now.duration_ms),
        SeekDirection::Backward => now.position_ms.saturating_sub(millis(by)),
    };
    facade.player_seek(ipc::PlayerSeek { position_ms }).await
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Tells the system what plays, whenever that changes.
async fn follow(app: AppHandle, facade: Facade) {
    let mut events = facade.subscribe();
    let mut shown: Option<Track> = None;
    loop {
        let view = match events.recv().await {
            Ok(ipc::Event::Player(view)) => view,
            Ok(_) | Err(RecvError::Lagged(_)) => continue,
            Err(RecvError::Closed) => return,
        };
        if view.track != shown {
            let cover = match &view.track {
                Some(track) => cover_file(&app, &facade, track).await,
                None => None,
            };
            show_track(&app, view.track.clone(), cover);
            shown.clone_from(&view.track);
        }
        show_playback(&app, playback(&view));
    }
}

fn playback(view: &PlayerView) -> MediaPlayback {
    let progress = Some(MediaPosition(Duration::from_millis(view.position_ms)));
    match view.playback {
        Playback::Playing | Playback::Buffering => MediaPlayback::Playing { progress },
        Playback::Paused | Playback::Waiting { .. } => MediaPlayback::Paused { progress },
        Playback::Stopped | Playback::Failed { .. } => MediaPlayback::Stopped,
    }
}

/// The system's controls take covers as files: one is kept, for the track that plays.
async fn cover_file(app: &AppHandle, facade: &Facade, track: &Track) -> Option<String> {
    let id = track.cover.as_ref()?.id.clone();
    let dir = app.path().app_cache_dir().ok()?.join("now-playing");
    let path = dir.join(id.to_string());
    if !path.is_file() {
        let image = facade.cover(id, CoverSize::Px640).await.ok()?;
        if let Err(error) = keep_only(&dir, &path, &image.bytes).await {
            warn!(%error, "the cover cannot be shown by the system");
            return None;
        }
    }
    Some(tauri::Url::from_file_path(path).ok()?.into())
}

async fn keep_only(dir: &Path, path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    match tokio::fs::remove_dir_all(dir).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    tokio::fs::create_dir_all(dir).await?;
    tokio::fs::write(path, bytes).await
}

fn show_track(app: &AppHandle, track: Option<Track>, cover: Option<String>) {
    on_controls(app, move |controls| match &track {
        Some(track) => controls.set_metadata(MediaMetadata {
            title: Some(&track.title),
            album: Some(&track.release.title),
            artist: Some(&domain::music::credit(&track.artists)),
            cover_url: cover.as_deref(),
            duration: Some(Duration::from_millis(track.duration_ms)),
        }),
        None => controls.set_metadata(MediaMetadata::default()),
    });
}

fn show_playback(app: &AppHandle, playback: MediaPlayback) {
    on_controls(app, move |controls| controls.set_playback(playback));
}

/// Some systems want their controls touched on the main thread only.
fn on_controls(
    app: &AppHandle,
    change: impl FnOnce(&mut MediaControls) -> Result<(), souvlaki::Error> + Send + 'static,
) {
    let handle = app.clone();
    let sent = app.run_on_main_thread(move || {
        let controls = handle.state::<Controls>();
        let Ok(mut controls) = controls.0.lock() else { return };
        if let Err(error) = change(&mut controls) {
            tracing::debug!(?error, "the system's controls did not take a change");
        }
    });
    if let Err(error) = sent {
        warn!(%error, "the main thread is gone");
    }
}
