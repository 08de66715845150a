//! Processes that end with their owner.

use std::{
    env,
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

/// How long a process may take to end after it was asked to.
const END_LIMIT: Duration = Duration::from_secs(30);

/// A process with its log.
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts a command whose output goes to `{dir}/{name}.log`.
    pub fn start(name: &str, command: &mut Command, dir: &Path) -> Result<Self> {
        let log = dir.join(format!("{name}.log"));
        let file = File::options().create(true).append(true).open(&log)?;
        command.stdin(Stdio::null()).stderr(file.try_clone()?).stdout(file);
        let child = command.spawn().with_context(|| format!("start {name}"))?;
        Ok(Self { name: name.to_owned(), child, log })
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Fails with the end of the log once the process has ended by itself.
    pub fn check_alive(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("{} ended by itself ({status}):\n{}", self.name, self.log_tail());
        }
        Ok(())
    }

    /// The last lines it printed.
    pub fn log_tail(&self) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }

    /// Asks it to end and waits.
    pub fn terminate(mut self) -> Result<ExitStatus> {
        self.ask_to_end()?;
        match self.wait(END_LIMIT)? {
            Some(status) => Ok(status),
            None => bail!("{} did not end when asked to:\n{}", self.name, self.log_tail()),
        }
    }

    /// Ends it at once, as a crash would.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// How it ended, if it did within the limit.
    pub fn wait(&mut self, limit: Duration) -> Result<Option<ExitStatus>> {
        let until = Instant::now() + limit;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(Some(status));
            }
            if Instant::now() >= until {
                return Ok(None);
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn ask_to_end(&self) -> Result<()> {
        let status = Command::new("kill").arg("-TERM").arg(self.id().to_string()).status()?;
        if !status.success() {
            bail!("{} cannot be asked to end", self.name);
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        // What children it has end with it when it is asked; a kill would leave them.
        let has_ended = self.ask_to_end().is_ok() && matches!(self.wait(END_LIMIT), Ok(Some(_)));
        if !has_ended {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// A program of the workspace: it lies beside the one that asks, or one folder above tests.
pub fn built(name: &str) -> Result<PathBuf> {
    let own = env::current_exe()?;
    let found =
        own.ancestors().skip(1).take(2).map(|dir| dir.join(name)).find(|path| path.is_file());
    found.with_context(|| {
        format!("{name} is not built: run `cargo xtask test` or `cargo xtask demo`")
    })
}

/// tauri-driver, as `cargo xtask setup` installs it, or from the path.
pub fn tauri_driver() -> Result<PathBuf> {
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cache")));
    let ours = cache.map(|cache| cache.join("melodyud/tools/bin/tauri-driver"));
    let path = env::var_os("PATH").unwrap_or_default();
    let elsewhere = env::split_paths(&path).map(|dir| dir.join("tauri-driver"));
    let found = ours.into_iter().chain(elsewhere).find(|path| path.is_file());
    found.context("tauri-driver is missing: run `cargo xtask setup`")
}

/// Runs a tool to its end; fails with what it said.
pub fn run(command: &mut Command) -> Result<Vec<u8>> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("start {name}"))?;
    printed(&name, output)
}

/// Runs a tool that may take long; it is ended when nobody waits for it any more.
pub async fn run_long(mut command: Command) -> Result<Vec<u8>> {
    let name = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null());
    let output = tokio::process::Command::from(command).kill_on_drop(true).output().await;
    printed(&name, output.with_context(|| format!("start {name}"))?)
}

fn printed(name: &str, output: Output) -> Result<Vec<u8>> {
    if !output.status.success() {
        bail!("{name} failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(output.stdout)
}

/// A TCP port that nobody listens on now.
pub fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
