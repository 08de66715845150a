//! Speed, measured: one file per benchmark, run by `cargo xtask bench NAME`.
//!
//! Benchmarks print figures beside the limits they are held to; they fail only when they could
//! not measure. Comparisons run both sides in turn in the same run.

mod accounts;
mod app;
mod import;
mod report;
mod search;
mod start;

use clap::{Parser, Subcommand};

#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    bench: Bench,
    /// One JSON object instead of the table.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Bench {
    /// Typing into the search of a large library, beside SQLite FTS5.
    Search(search::Options),
    /// From the play command to the first sound.
    Start(start::Options),
    /// Importing a library, beside ffmpeg and mpd.
    Import(import::Options),
    /// The app as it is shipped: memory, processor, start, size.
    App(app::Options),
    /// Tokens, refreshes, signed-in requests, the audit log.
    Accounts(accounts::Options),
}

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let report: report::Report = match args.bench {
        Bench::Search(options) => search::run(&options)?,
        Bench::Start(options) => start::run(&options)?,
        Bench::Import(options) => import::run(&options)?,
        Bench::App(options) => app::run(&options)?,
        Bench::Accounts(options) => accounts::run(&options)?,
    };
    report.print(args.json)
}
