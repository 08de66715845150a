//! Runs the whole of MelodyUD for people: the demo and the screenshots. `cargo xtask` builds what
//! it needs and calls it.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Result, bail};
use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// A server with music, and the app on it
    Demo {
        /// Open the app on the display there is, for a person; else in a virtual one, as a proof
        #[arg(long)]
        visible: bool,
        /// Import this folder instead of the synthesised catalog
        #[arg(long)]
        music: Option<PathBuf>,
        /// Keeps catalog, server and app data between runs
        #[arg(long)]
        dir: PathBuf,
    },
    /// Pictures of every screen, in both themes and two widths
    Screenshots {
        #[arg(long)]
        to: PathBuf,
        /// Only of screens whose names begin so, such as `settings`
        #[arg(long, default_value = "")]
        only: String,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    e2e::init();
    let verb = Arguments::parse().verb;
    // Leaving the verb drops what it holds: every process that it started ends, and the folders
    // for the time being go.
    let done = tokio::select! {
        done = run(verb) => done,
        done = interrupted() => done,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(verb: Verb) -> Result<()> {
    match verb {
        Verb::Demo { visible: true, music, dir } => e2e::demo::open(&dir, music.as_deref()).await,
        Verb::Demo { visible: false, music, dir } => e2e::demo::prove(&dir, music.as_deref()).await,
        Verb::Screenshots { to, only } => e2e::screenshots::take(&to, &only).await,
    }
}

/// Ends with an error once this process is asked to end.
async fn interrupted() -> Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = interrupt.recv() => bail!("interrupted"),
        _ = terminate.recv() => bail!("asked to end"),
        _ = hang_up.recv() => bail!("the terminal was closed"),
    }
}
