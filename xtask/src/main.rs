//! `cargo xtask`: every developer chore, from a bare machine with nothing but cargo.
//!
//! Each verb is one file: [`setup`] brings what the machine lacks, [`ui`] builds the interface,
//! [`test`] proves everything, [`chores`] are the short ones that call another program of the
//! workspace. [`sh`] runs commands, [`workspace`] knows the folders.

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

mod chores;
mod setup;
mod sh;
mod test;
mod ui;
mod workspace;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Every developer chore of MelodyUD")]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Bring everything this machine lacks: system packages, the wasm32 target, test tools
    Setup,
    /// Build the interface into ui/dist
    Ui,
    /// Start a server with music and open the app on it; in a virtual display, prove it plays
    Demo {
        /// Import this folder instead of the synthesised catalog
        #[arg(long, value_name = "DIR")]
        music: Option<PathBuf>,
    },
    /// Formatting, lints, builds and every test
    Test,
    /// Measure speed: start, search, import, app
    Bench {
        name: String,
        /// Print one JSON object instead of a table
        #[arg(long)]
        json: bool,
        /// Passed on to the benchmark
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
    /// Every screen, both themes, two widths, into the target folder
    Screenshots,
    /// Write sync-server/openapi.json
    Openapi,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().verb {
        Verb::Setup => setup::run(setup::Purpose::Tests),
        Verb::Ui => ui::run(),
        Verb::Demo { music } => chores::demo(music.as_deref()),
        Verb::Test => test::run(),
        Verb::Bench { name, json, rest } => chores::bench(&name, json, &rest),
        Verb::Screenshots => chores::screenshots(),
        Verb::Openapi => chores::openapi(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}
