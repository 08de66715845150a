//! Everything that must hold, quickest to fail first, in one target folder.

use std::{fs, process::Command};

use anyhow::{Context, Result};

use crate::{setup, setup::wasm, sh, ui, workspace};

/// The workspace with the features of the tests: builds and tests pass the same, so that each
/// dependency is compiled once. The interface is among them for the tests of its pure parts.
const NATIVE: &[&str] = &["--workspace", "--features", "server/postgres", "--locked"];

/// Prepares the machine, then formats, lints, builds and tests.
pub fn run() -> Result<()> {
    setup::run(setup::Purpose::Tests)?;

    sh::step("formatting");
    sh::run(&mut sh::cargo(&["fmt", "--all", "--check"]))
        .context("format with `cargo fmt --all`")?;

    sh::step("the repository's own rules");
    sh::run(&mut sh::cargo(&["test", "--package", "tidy", "--locked"]))?;

    ui::run()?;

    sh::step("lints");
    let mut lint = sh::cargo(&["clippy", "--all-targets"]);
    lint.args(NATIVE).args(["--", "-D", "warnings"]);
    sh::run(&mut lint)?;
    let mut lint = sh::cargo(&["clippy", "--package", "ui-app", "--locked"]);
    wasm::ensure()?.apply(&mut lint);
    lint.args(["--", "-D", "warnings"]);
    sh::run(&mut lint)?;

    sh::step("shared crates for wasm32");
    sh::run(&mut shared_on_wasm()?)?;

    // With the test targets, so that features resolve as they do for the tests.
    sh::step("programs and tests");
    sh::run(sh::cargo(&["build", "--bins", "--tests"]).args(NATIVE))?;

    sh::step("tests");
    sh::run(sh::cargo(&["test", "--no-fail-fast"]).args(NATIVE))
}

/// A check of all shared crates for wasm32. Without the interface, whose features would hide that
/// one of them does not compile by itself.
fn shared_on_wasm() -> Result<Command> {
    let mut check = sh::cargo(&["check", "--locked"]);
    let shared = workspace::root().join("shared");
    for entry in fs::read_dir(&shared).with_context(|| format!("list {}", shared.display()))? {
        // A crate is named after its folder.
        check.arg("--package").arg(entry?.file_name());
    }
    wasm::ensure()?.apply(&mut check);
    Ok(check)
}
