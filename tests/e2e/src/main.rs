//! Runs the whole of MelodyUD for people: the demo and the screenshots. `cargo xtask` builds what
//! it needs and calls it.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::{Parser, Subcommand};

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
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    e2e::init();
    match run(Arguments::parse().verb).await {
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
        Verb::Screenshots { to } => e2e::screenshots::take(&to).await,
    }
}
