//! tauri-driver, through which the tests drive the app's window.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::{sh, workspace};

/// Where the driver is or would be.
pub fn path() -> PathBuf {
    workspace::tools_dir().join("bin").join("tauri-driver")
}

/// Installs it into a folder of ours unless it is there.
pub fn ensure() -> Result<()> {
    if path().is_file() {
        eprintln!("    {}", path().display());
        return Ok(());
    }
    let root = workspace::tools_dir();
    let build = workspace::target_dir().join("tools");
    let mut install = sh::cargo(&["install", "tauri-driver", "--version", "^2", "--locked"]);
    install.arg("--root").arg(&root).env("CARGO_TARGET_DIR", build);
    sh::run(&mut install).context("install tauri-driver, which drives the window in tests")
}
