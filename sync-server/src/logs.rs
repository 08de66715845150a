//! Where the log goes: to standard error, as text or JSON lines.

mod lines;

use std::{
    io::{self, IsTerminal as _, Stderr},
    panic,
    sync::LazyLock,
    thread,
};

use anyhow::Context as _;
use tracing_subscriber::EnvFilter;

use self::lines::Lines;
use crate::config::{Log, LogFormat};

static LINES: LazyLock<Lines<Stderr>> = LazyLock::new(|| Lines::new(io::stderr()));

/// What is logged where the configuration does not say.
#[derive(Clone, Copy)]
pub enum Default {
    Info,
    Warn,
    Error,
}

/// Starts logging for the whole process, which ends with [`flush`].
pub fn start(settings: &Log, default: Default) -> anyhow::Result<()> {
    let fallback = match default {
        // Search commits often, and says so each time.
        Default::Info => "info,tantivy=warn",
        Default::Warn => "warn",
        Default::Error => "error",
    };
    let filter = settings.filter.as_deref().unwrap_or(fallback);
    let filter = EnvFilter::builder()
        .parse(filter)
        .with_context(|| format!("log.filter is not a filter: {filter:?}"))?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(&*LINES)
        .with_ansi(io::stderr().is_terminal());
    match settings.format {
        LogFormat::Text => log.with_target(false).init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
    let hook = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        // What led to it stands before it.
        flush();
        hook(panic);
    }));
    thread::Builder::new()
        .name("log".to_owned())
        .spawn(|| LINES.run())
        .context("cannot start the thread of the log")?;
    Ok(())
}

/// Writes out what was logged so far.
pub fn flush() {
    LINES.flush();
}
