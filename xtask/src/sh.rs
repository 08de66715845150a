//! Running other programs: shown before they run, bounded in time where they can hang.

use std::{
    env,
    ffi::OsStr,
    io,
    path::{self, Path},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::workspace;

/// Cargo, in the root of the workspace.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments);
    in_root(&mut command);
    command
}

/// Makes a command run in the root of the workspace, with cargo's folder where it is now: a
/// relative one is taken from where cargo was called.
pub fn in_root(command: &mut Command) {
    for name in ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"] {
        if let Some(dir) = env::var_os(name).and_then(|dir| path::absolute(dir).ok()) {
            command.env(name, dir);
        }
    }
    command.current_dir(workspace::root());
}

/// A headline for what is being done.
pub fn step(what: &str) {
    eprintln!("==> {what}");
}

/// Runs to the end; fails unless it succeeds.
pub fn run(command: &mut Command) -> Result<()> {
    let shown = show(command);
    let status = command.status().with_context(|| format!("start `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` failed ({status})");
    }
    Ok(())
}

/// Runs a step on the way to the end. What it prints goes to stderr: stdout belongs to what the
/// verb was called for, such as the one JSON object of a benchmark.
pub fn prepare(command: &mut Command) -> Result<()> {
    run(command.stdout(io::stderr()))
}

/// Runs and takes what it prints; fails unless it succeeds.
pub fn output(command: &mut Command) -> Result<String> {
    let shown = show(command);
    let output =
        command.stderr(Stdio::inherit()).output().with_context(|| format!("start `{shown}`"))?;
    if !output.status.success() {
        bail!("`{shown}` failed ({})", output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{shown}` did not print UTF-8"))
}

/// Runs a step as [`prepare`] does, and ends it when it has not finished in time.
pub fn run_within(command: &mut Command, limit: Duration) -> Result<()> {
    let shown = show(command);
    let child = command.stdout(io::stderr()).spawn();
    let mut child = child.with_context(|| format!("start `{shown}`"))?;
    let until = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            if status.success() {
                return Ok(());
            }
            bail!("`{shown}` failed ({status})");
        }
        if Instant::now() >= until {
            child.kill()?;
            child.wait()?;
            bail!("`{shown}` did not finish in {} s", limit.as_secs());
        }
        thread::sleep(Duration::from_millis(100));
    }
}

/// Whether a program of this name can be started.
pub fn is_on_path(program: &str) -> bool {
    env::var_os("PATH")
        .is_some_and(|path| env::split_paths(&path).any(|dir| is_file(&dir.join(program))))
}

fn is_file(path: &Path) -> bool {
    path.is_file() || path.with_extension(env::consts::EXE_EXTENSION).is_file()
}

fn show(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}
