//! The command line.

use std::{io::IsTerminal as _, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use api::roles::RoleChange;
use clap::{Parser, Subcommand};
use domain::Role;
use web::auth::Former;

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
    /// Give and take roles.
    Role {
        #[command(subcommand)]
        command: RoleCommand,
    },
    /// Give and take plans, without payment.
    Plan {
        #[command(subcommand)]
        command: PlanCommand,
    },
    /// Care for the keys that sign access tokens and the audit log, and for those that seal.
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// Read and verify the audit log.
    Audit {
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// Drop what is kept for longer than the rules say, as the nightly job does; may run beside the
    /// server.
    Retention {
        #[command(flatten)]
        place: Place,
        /// Only say how much that would be.
        #[arg(long)]
        dry_run: bool,
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

#[derive(Subcommand)]
enum RoleCommand {
    /// Show who has which roles.
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Give a role. It is in the person's next access token; may run beside the server.
    Grant {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        change: RoleArgs,
    },
    /// Take a role. Access tokens that a running server gave out have it for up to ten minutes.
    Revoke {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        change: RoleArgs,
    },
}

#[derive(clap::Args)]
struct RoleArgs {
    /// Whom it is about.
    #[arg(value_name = "EMAIL")]
    email: String,
    /// listener, creator, advertiser, engineer, compliance_officer or owner.
    #[arg(value_name = "ROLE")]
    role: Role,
    /// Stands in the audit log: no names or addresses.
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl From<RoleArgs> for RoleChange {
    fn from(args: RoleArgs) -> Self {
        Self { email: args.email, role: args.role, reason: args.reason }
    }
}

#[derive(Subcommand)]
enum PlanCommand {
    /// Give a plan for some days.
    Give {
        #[command(flatten)]
        place: Place,
        /// Who gets it.
        #[arg(value_name = "EMAIL")]
        email: String,
        /// Id of the plan, such as `individual`.
        #[arg(value_name = "PLAN")]
        plan: String,
        #[arg(long, value_name = "N", default_value_t = 30,
              value_parser = clap::value_parser!(u32).range(1..=3_650))]
        days: u32,
        /// Stands in the audit log: no names or addresses.
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// End a plan at once.
    Revoke {
        #[command(flatten)]
        place: Place,
        /// Who loses it.
        #[arg(value_name = "EMAIL")]
        email: String,
        /// Stands in the audit log: no names or addresses.
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

#[derive(Subcommand)]
enum KeysCommand {
    /// Sign with a new key from now on; a running server takes it within seconds. What was signed
    /// before stays good.
    Rotate {
        #[command(flatten)]
        place: Place,
        /// A key is in wrong hands: what was signed before is good for nothing. Players get new
        /// tokens by themselves.
        #[arg(long)]
        drop_old: bool,
    },
    /// Seal with a new master key from now on, and wrap the keys of all that is sealed by it; may
    /// run beside the server. Where it was cut off, run it again.
    RotateVault {
        #[command(flatten)]
        place: Place,
    },
    /// Sign the checkpoints of the audit log with a new key from now on, and print it; may run beside
    /// the server. The old key signs once more, to hand over: whoever knows it follows by that. Where
    /// it was cut off, run it again.
    RotateAudit {
        #[command(flatten)]
        place: Place,
    },
}

#[derive(Subcommand)]
enum AuditCommand {
    /// Verify a file of the log, without a server: says what it covers, or the first record that
    /// is wrong.
    Verify {
        /// As `audit export` or `/api/v1/audit/file` wrote it.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// A key of the log, as `audit key` printed it when the log was in good hands: the first one,
        /// or a later one.
        #[arg(long, value_name = "K")]
        key: String,
    },
    /// Write the log to a file that verifies itself; may run beside the server.
    Export {
        #[command(flatten)]
        place: Place,
        /// Must not be there yet.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Print the key that signs the log, and below it those that did before. Keep them elsewhere: each
    /// of them verifies the log.
    Key {
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
    let ended = run(Cli::parse().command);
    logs::flush();
    match ended {
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
        Command::Role { command } => role(command),
        Command::Plan { command } => plan(command),
        Command::Audit { command } => match command {
            AuditCommand::Verify { file, key } => commands::audit_verify(&file, &key),
            AuditCommand::Export { place, file } => {
                block_on(commands::audit_export(quiet(place)?, file))
            }
            AuditCommand::Key { place } => block_on(commands::audit_key(quiet(place)?)),
        },
        Command::Keys { command: KeysCommand::Rotate { place, drop_old } } => {
            let former = if drop_old { Former::Drop } else { Former::Keep };
            block_on(commands::keys_rotate(quiet(place)?, former))
        }
        Command::Keys { command: KeysCommand::RotateVault { place } } => {
            block_on(commands::vault_rotate(quiet(place)?))
        }
        Command::Keys { command: KeysCommand::RotateAudit { place } } => {
            block_on(commands::audit_key_rotate(quiet(place)?))
        }
        Command::Retention { place, dry_run } => {
            block_on(commands::retention(quiet(place)?, dry_run))
        }
        Command::Openapi => {
            print!("{}", block_on(openapi::text())?);
            Ok(ExitCode::SUCCESS)
        }
        Command::DecodeWorker => Ok(svc_ingest::decode_worker::main()),
    }
}

fn role(command: RoleCommand) -> anyhow::Result<ExitCode> {
    match command {
        RoleCommand::List { place } => block_on(commands::role_list(quiet(place)?)),
        RoleCommand::Grant { place, change } => {
            block_on(commands::role_change(quiet(place)?, change.into(), true))
        }
        RoleCommand::Revoke { place, change } => {
            block_on(commands::role_change(quiet(place)?, change.into(), false))
        }
    }
}

fn plan(command: PlanCommand) -> anyhow::Result<ExitCode> {
    match command {
        PlanCommand::Give { place, email, plan, days, reason } => {
            let given = Some((plan.as_str(), days));
            block_on(commands::plan_set(quiet(place)?, &email, given, &reason))
        }
        PlanCommand::Revoke { place, email, reason } => {
            block_on(commands::plan_set(quiet(place)?, &email, None, &reason))
        }
    }
}

/// The configuration of a command that answers on the terminal, with only warnings beside.
fn quiet(place: Place) -> anyhow::Result<Config> {
    let config = place.read()?;
    logs::start(&config.log, logs::Default::Warn)?;
    Ok(config)
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
