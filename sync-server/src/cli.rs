//! The command line.

use std::{io::IsTerminal as _, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use crate::{
    commands,
    config::{self, Config},
    logs, openapi,
};

/// MelodyUD's backend: everything a music service needs, in one program.
#[derive(Parser)]
#[command(name = "melodyud-server", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the service until it is told to stop (Ctrl-C, SIGTERM).
    Serve {
        #[command(flatten)]
        place: Place,
        /// Address and port to listen on [default: 127.0.0.1:4600]; port 0 takes a free one.
        #[arg(long, value_name = "ADDR")]
        listen: Option<String>,
    },
    /// Import a folder of music. May run beside the server, and again: only changes are read.
    Import {
        #[command(flatten)]
        place: Place,
        /// The folder.
        #[arg(value_name = "DIR")]
        directory: PathBuf,
    },
    /// Care for the search index.
    Index {
        #[command(subcommand)]
        command: IndexCommand,
    },
    /// Print the OpenAPI document.
    Openapi,
    /// Decode one file after another for the import: it starts this itself.
    #[command(hide = true)]
    DecodeWorker,
}

#[derive(Subcommand)]
enum IndexCommand {
    /// Make the search index anew from the catalog.
    Rebuild {
        #[command(flatten)]
        place: Place,
    },
}

/// Where data and configuration are.
#[derive(clap::Args)]
struct Place {
    /// Folder of all data [default: melodyud/server in the user's data folder].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Configuration file [default: melodyud/server.toml in the user's configuration folder,
    /// or /etc/melodyud/server.toml, where there is one].
    #[arg(long, value_name = "FILE", env = config::FILE_VARIABLE)]
    config: Option<PathBuf>,
}

impl Place {
    fn read(self) -> anyhow::Result<Config> {
        let mut config = config::read(self.config.as_deref())?;
        if let Some(data) = self.data {
            config.storage.data = Some(data);
        }
        Ok(config)
    }
}

/// The whole program.
pub fn main() -> ExitCode {
    // Two providers are in the dependency tree; rustls wants one to be named before its first use.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("melodyud-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve { place, listen } => {
            let mut config = place.read()?;
            if let Some(listen) = listen {
                config.http.listen = listen;
            }
            logs::start(&config.log, logs::Default::Info)?;
            raise_handle_limit();
            block_on(commands::serve(config))
        }
        Command::Import { place, directory } => {
            let config = place.read()?;
            let is_terminal = std::io::stdout().is_terminal();
            // Log lines would tear the progress apart.
            let default = if is_terminal { logs::Default::Error } else { logs::Default::Warn };
            logs::start(&config.log, default)?;
            block_on(commands::import(config, directory, is_terminal))
        }
        Command::Index { command: IndexCommand::Rebuild { place } } => {
            let config = place.read()?;
            logs::start(&config.log, logs::Default::Warn)?;
            block_on(commands::index_rebuild(config))
        }
        Command::Openapi => {
            print!("{}", block_on(openapi::text())?);
            Ok(ExitCode::SUCCESS)
        }
        Command::DecodeWorker => Ok(svc_ingest::decode_worker::main()),
    }
}

/// Each listener has a connection and a file open: the usual 1,024 handles are few, and what more
/// the system allows needs only be asked for.
fn raise_handle_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            tracing::warn!(%error, "the limit of open files stays as it is");
        }
    }
}

fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    let result = runtime.block_on(work);
    // What is still running in threads of its own must not hold up the end.
    runtime.shutdown_background();
    result
}
