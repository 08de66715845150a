//! Packages of Node.js for the tests: the OpenID Connect provider that they sign in at, the client
//! that they upload with.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, bail};

use crate::{sh, workspace};

/// Folders in `tests/`, each of which says what it needs.
const FOLDERS: [&str; 2] = ["oidc-provider", "tus-client"];

/// What says which packages, in which versions.
const FILES: [&str; 3] = [".npmrc", "package.json", "package-lock.json"];

/// Debian's packages, where the machine has no Node.js from elsewhere.
pub fn system_packages() -> Vec<&'static str> {
    let wanted = [("node", "nodejs"), ("npm", "npm")];
    let missing = wanted.into_iter().filter(|(program, _)| !sh::is_on_path(program));
    missing.map(|(_, package)| package).collect()
}

/// Installs the packages beside our other tools, unless these very ones are there.
pub fn ensure() -> Result<()> {
    FOLDERS.iter().try_for_each(|folder| ensure_folder(folder))
}

fn ensure_folder(folder: &str) -> Result<()> {
    let from = workspace::root().join("tests").join(folder);
    let to = workspace::tools_dir().join(folder);
    let done = to.join("node_modules/.melodyud-installed");
    if is_installed(&from, &done)? {
        eprintln!("    {}", to.display());
        return Ok(());
    }
    if !sh::is_on_path("npm") {
        bail!("npm is missing: install Node.js 18 or newer with npm, and start again");
    }
    fs::create_dir_all(&to).with_context(|| format!("make {}", to.display()))?;
    for file in FILES {
        fs::copy(from.join(file), to.join(file)).with_context(|| format!("copy {file}"))?;
    }
    let mut install = Command::new("npm");
    install.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(&to);
    sh::prepare(&mut install).with_context(|| format!("install the packages of tests/{folder}"))?;
    fs::copy(from.join("package-lock.json"), &done).context("note what was installed")?;
    Ok(())
}

/// Whether what is noted at `done` is what is wanted now.
fn is_installed(from: &Path, done: &Path) -> Result<bool> {
    let wanted = fs::read(from.join("package-lock.json")).context("read the list of packages")?;
    Ok(fs::read(done).is_ok_and(|installed| installed == wanted))
}
