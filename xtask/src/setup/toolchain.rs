//! The parts of Rust's toolchain that checks need and compiling does not: rustup's minimal
//! profile and Debian's `cargo` come without them.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Result, bail};

use crate::sh;

/// Names of cargo's commands, of rustup's components and of Debian's packages.
const PARTS: [(&str, &str, &str); 2] =
    [("fmt", "rustfmt", "rustfmt"), ("clippy", "clippy", "rust-clippy")];

/// rustup hangs on a machine whose network answers nothing.
const RUSTUP_LIMIT: Duration = Duration::from_mins(3);

/// Adds what is missing by rustup; names it where there is no rustup.
pub fn ensure() -> Result<()> {
    let mut missing = missing();
    if !missing.is_empty() && sh::is_on_path("rustup") {
        let mut add = Command::new("rustup");
        add.args(["component", "add"]).args(missing.iter().map(|(_, component, _)| component));
        if let Err(error) = sh::run_within(&mut add, RUSTUP_LIMIT) {
            eprintln!("    {error:#}");
        }
        missing = self::missing();
    }
    if missing.is_empty() {
        eprintln!("    all there");
        return Ok(());
    }
    let commands: Vec<_> = missing.iter().map(|(command, ..)| format!("cargo {command}")).collect();
    let components: Vec<_> = missing.iter().map(|(_, component, _)| *component).collect();
    let packages: Vec<_> = missing.iter().map(|(.., package)| *package).collect();
    bail!(
        "`{}` cannot be run here. Where Rust came from rustup, run\n\n    \
         rustup component add {}\n\nand where it is Debian's\n\n    \
         sudo apt-get install --yes {}\n\nand start again",
        commands.join("` and `"),
        components.join(" "),
        packages.join(" ")
    )
}

fn missing() -> Vec<(&'static str, &'static str, &'static str)> {
    let answers = |command: &str| {
        sh::cargo(&[command, "--version"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    PARTS.into_iter().filter(|(command, ..)| !answers(command)).collect()
}
