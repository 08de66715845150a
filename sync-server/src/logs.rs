//! Where the log goes: to standard error, as text or JSON lines.

use std::io::IsTerminal as _;

use anyhow::Context as _;
use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// What is logged where the configuration does not say.
#[derive(Clone, Copy)]
pub enum Default {
    Info,
    Warn,
    Error,
}

/// Starts logging for the whole process.
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
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match settings.format {
        LogFormat::Text => log.with_target(false).init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
    Ok(())
}
