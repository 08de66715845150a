//! The player app's shell: a window around the interface, and the composition root.
//!
//! It opens the [`commands::Facade`], hands it every call of the interface ([`calls`]), passes
//! its events on, serves covers ([`covers`]) and keeps the window where it belongs ([`window`]).
//! What only a desktop has (tray, media keys, single instance) is in [`desktop`]. It decides
//! nothing about music.
//!
//! Start reading at [`run`].

use std::{path::PathBuf, process::ExitCode};

use commands::{Browser, Config, Facade};
use tauri::{App, AppHandle, Emitter, Manager, RunEvent, async_runtime, path::BaseDirectory};
use tauri_plugin_opener::OpenerExt as _;
use tokio::sync::broadcast::error::RecvError;
use tracing::{error, info, warn};
use tracing_subscriber::EnvFilter;

mod calls;
mod covers;
#[cfg(desktop)]
mod desktop;
mod failure;
mod show;
mod window;

/// Names another folder for this device's data; such an app is an instance of its own.
const DATA_VARIABLE: &str = "MELODYUD_DATA";

/// Says how much is logged, in the form of `tracing`'s filters.
const LOG_VARIABLE: &str = "MELODYUD_LOG";

#[cfg(mobile)]
#[tauri::mobile_entry_point]
fn mobile() {
    run();
}

/// Runs the app until it quits.
pub fn run() -> ExitCode {
    let filter = EnvFilter::try_from_env(LOG_VARIABLE)
        .unwrap_or_else(|_| EnvFilter::new("info,zbus=warn,tantivy=warn,symphonia=warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    // Two of them are in the tree, so the choice has to be made; it may be made once only.
    if rustls::crypto::ring::default_provider().install_default().is_err() {
        warn!("a TLS provider had been chosen already");
    }
    let builder = tauri::Builder::default().plugin(tauri_plugin_opener::init());
    #[cfg(desktop)]
    let builder = desktop::plugins(builder);
    let app = builder
        .register_asynchronous_uri_scheme_protocol(covers::SCHEME, covers::respond)
        .register_uri_scheme_protocol(failure::SCHEME, failure::respond)
        .invoke_handler(calls::handler())
        .setup(|app| Ok(set_up(app)?))
        .build(tauri::generate_context!());
    match app {
        Ok(app) => ExitCode::from(u8::try_from(app.run_return(on_event)).unwrap_or(1)),
        Err(error) => {
            #[cfg(target_os = "linux")]
            desktop::again::start(&error);
            error!(error = %error, "the app cannot start");
            ExitCode::FAILURE
        }
    }
}

fn set_up(app: &mut App) -> anyhow::Result<()> {
    let mut config = Config::new(data_dir(app)?);
    config.version = app.package_info().version.to_string();
    config.device_name = device_name();
    config.browser = browser(app.handle().clone());
    // Where the system names no such folder, downloads stay beside the data.
    if let Ok(dir) = app.path().download_dir() {
        config.download_dir = dir;
    }
    let facade = match async_runtime::block_on(Facade::open(config)) {
        Ok(facade) => facade,
        Err(error) => return failure::show(app, &anyhow::Error::new(error)),
    };
    // Before the window, whose first call needs it.
    app.manage(facade.clone());
    async_runtime::spawn(pass_on_events(app.handle().clone(), facade.clone()));
    window::open(app, &facade)?;
    #[cfg(desktop)]
    desktop::set_up(app, &facade);
    Ok(())
}

/// Where people sign in that do so without a password; the window comes to the front as they come
/// back.
fn browser(app: AppHandle) -> Browser {
    let opener = app.clone();
    let open = move |url: &str| {
        opener.opener().open_url(url, None::<&str>).map_err(|error| error.to_string())
    };
    Browser::new(open, move || window::raise(&app))
}

fn data_dir(app: &App) -> anyhow::Result<PathBuf> {
    match std::env::var_os(DATA_VARIABLE) {
        Some(dir) => Ok(dir.into()),
        None => Ok(app.path().resolve("", BaseDirectory::AppLocalData)?),
    }
}

/// How the server lists this device.
fn device_name() -> String {
    let host = ["HOSTNAME", "COMPUTERNAME"].iter().find_map(|name| std::env::var(name).ok());
    let host = host.or_else(|| std::fs::read_to_string("/etc/hostname").ok());
    let host = host.map(|host| host.trim().to_owned()).filter(|host| !host.is_empty());
    host.unwrap_or_else(|| std::env::consts::OS.to_owned())
}

/// Everything the facade says reaches the window.
async fn pass_on_events(app: AppHandle, facade: Facade) {
    let mut events = facade.subscribe();
    loop {
        let event = match events.recv().await {
            Ok(event) => event,
            // What was missed is made up for by the player's whole state.
            Err(RecvError::Lagged(n_missed)) => {
                warn!(n_missed, "the window is slow to take events");
                match facade.player_view(ipc::PlayerGet {}).await {
                    Ok(view) => ipc::Event::Player(Box::new(view)),
                    Err(_) => continue,
                }
            }
            Err(RecvError::Closed) => return,
        };
        if let Err(error) = app.emit(ipc::EVENT, event) {
            warn!(%error, "an event did not reach the window");
        }
    }
}

fn on_event(app: &AppHandle, event: RunEvent) {
    if let RunEvent::Exit = event
        && let Some(facade) = app.try_state::<Facade>()
    {
        async_runtime::block_on(facade.close());
        info!("closed");
    }
}
