//! A second try to start, right after an instance ended without a word.
//!
//! For a moment the session bus still names the one that was killed, and passing the start on to
//! it fails: the app must open all the same.

use std::{env, os::unix::process::CommandExt as _, process::Command, thread, time::Duration};

use tracing::{info, warn};

/// How many tries there were before this one.
const TRIES_VARIABLE: &str = "MELODYUD_START_TRIES";
const TRIES_MAX: u32 = 10;
const PAUSE: Duration = Duration::from_millis(300);

/// Starts the program anew in the place of this one, where that may help. Returns otherwise.
pub fn start(error: &tauri::Error) {
    let is_passing = matches!(
        error,
        tauri::Error::PluginInitialization(plugin, _) if plugin == "single-instance"
    );
    let tries = env::var(TRIES_VARIABLE).ok().and_then(|tries| tries.parse().ok()).unwrap_or(0);
    let (true, Ok(program)) = (is_passing && tries < TRIES_MAX, env::current_exe()) else { return };
    info!(%error, tries, "trying again");
    thread::sleep(PAUSE);
    let mut again = Command::new(program);
    again.args(env::args_os().skip(1)).env(TRIES_VARIABLE, (tries + 1).to_string());
    // Only comes back where it failed.
    let failure = again.exec();
    warn!(%failure, "no other try");
}
