//! What a desktop has and a phone has not. Each part may be missing on a machine (no session bus,
//! no tray, no media keys): that is logged once and the rest works.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    panic::{AssertUnwindSafe, catch_unwind},
};

use commands::Facade;
use tauri::{App, AppHandle, Builder, Wry, async_runtime};
use tauri_plugin_window_state::StateFlags;
use tracing::{info, warn};

use crate::{DATA_VARIABLE, window};

#[cfg(target_os = "linux")]
pub mod again;
mod media_keys;
mod tray;

/// Plugins that must be there before anything opens.
pub fn plugins(builder: Builder<Wry>) -> Builder<Wry> {
    let mut instance = tauri_plugin_single_instance::Builder::new()
        .callback(|app, _arguments, _folder| window::raise(app));
    if let Some(id) = instance_id() {
        instance = instance.dbus_id(id);
    }
    // The window shows itself when its page is there, so whether it is visible is not restored.
    let flags = StateFlags::all() - StateFlags::VISIBLE - StateFlags::DECORATIONS;
    builder
        // First, so that a second start ends before it touches any data.
        .plugin(instance.build())
        .plugin(tauri_plugin_window_state::Builder::new().with_state_flags(flags).build())
}

/// Another data folder is another instance.
fn instance_id() -> Option<String> {
    let dir = std::env::var_os(DATA_VARIABLE)?;
    let mut hasher = DefaultHasher::new();
    dir.hash(&mut hasher);
    Some(format!("org.melodyud.player.data{:016x}", hasher.finish()))
}

/// Tray, media keys, and an orderly end when the system asks for it.
pub fn set_up(app: &App, facade: &Facade) {
    // The tray's system library is loaded when it is first used, and panics where it is missing.
    match catch_unwind(AssertUnwindSafe(|| tray::set_up(app, facade))) {
        Ok(Ok(())) => {}
        Ok(Err(error)) => warn!(%error, "no tray"),
        Err(_) => warn!("no tray: its system library is missing"),
    }
    media_keys::set_up(app, facade);
    async_runtime::spawn(quit_on_signal(app.handle().clone()));
}

#[cfg(unix)]
async fn quit_on_signal(app: AppHandle) {
    use tokio::signal::unix::{SignalKind, signal};
    let signals = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    let (Ok(mut terminate), Ok(mut interrupt)) = signals else {
        return warn!("signals cannot be waited for");
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    info!("asked to quit");
    app.exit(0);
}

#[cfg(not(unix))]
async fn quit_on_signal(app: AppHandle) {
    if tokio::signal::ctrl_c().await.is_ok() {
        info!("asked to quit");
        app.exit(0);
    }
}

/// Runs a call of the facade from where nobody waits for it.
fn call<F>(call: F)
where
    F: Future<Output = Result<(), ipc::Fault>> + Send + 'static,
{
    async_runtime::spawn(async move {
        if let Err(fault) = call.await {
            warn!(message = fault.message, "a key or the tray asked for what could not be done");
        }
    });
}
