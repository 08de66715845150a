//! Programs of Tauri's that cargo installs: the driver through which the tests drive the app's
//! window, and the one that packages the app.

use anyhow::{Context, Result};

use crate::{sh, workspace};

/// tauri-driver.
pub fn ensure_driver() -> Result<()> {
    ensure("tauri-driver", "tauri-driver")
}

/// The command line of Tauri, which makes packages.
pub fn ensure_bundler() -> Result<()> {
    ensure("tauri-cli", "cargo-tauri")
}

/// Installs a program into a folder of ours unless it is there.
fn ensure(package: &str, program: &str) -> Result<()> {
    let root = workspace::tools_dir();
    let path = root.join("bin").join(program);
    if path.is_file() {
        eprintln!("    {}", path.display());
        return Ok(());
    }
    let build = workspace::target_dir().join("tools");
    let mut install = sh::cargo(&["install", package, "--version", "^2", "--locked"]);
    install.arg("--root").arg(&root).env("CARGO_TARGET_DIR", build);
    sh::prepare(&mut install).with_context(|| format!("install {package}"))
}
