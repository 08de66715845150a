//! Brings what a bare machine lacks. Running it again finds everything there and does nothing.

use anyhow::Result;

use crate::sh;

mod node;
mod packages;
mod tauri;
mod toolchain;
pub mod wasm;

/// What the machine is being prepared for; each includes the ones before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Purpose {
    /// Compile everything.
    Build,
    /// Open the real window in a virtual display and hear it.
    VirtualWindow,
    /// Every test.
    Tests,
    /// The programs that benchmarks compare with.
    Bench,
}

/// Installs or names what is missing for the purpose.
pub fn run(purpose: Purpose) -> Result<()> {
    sh::step("setup: system packages");
    packages::ensure(purpose)?;
    // Benchmarks check nothing.
    if purpose == Purpose::Tests {
        sh::step("setup: rustfmt and clippy");
        toolchain::ensure()?;
        sh::step("setup: a provider to sign in at");
        node::ensure()?;
    }
    sh::step("setup: wasm32 target");
    wasm::ensure()?;
    if purpose >= Purpose::VirtualWindow && cfg!(target_os = "linux") {
        sh::step("setup: tauri-driver");
        tauri::ensure_driver()?;
    }
    Ok(())
}

/// Installs what packages the app.
pub fn bundler() -> Result<()> {
    sh::step("setup: tauri-cli");
    tauri::ensure_bundler()
}
