//! Checks that the interface is there to be embedded, then lets Tauri read its configuration.

use std::{path::Path, process::ExitCode};

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=src-tauri/capabilities");
    println!("cargo::rerun-if-changed=src-tauri/icons");
    // Tauri embeds it when the library compiles; without this line a new interface would not.
    println!("cargo::rerun-if-changed=ui/dist");
    if !Path::new("ui/dist/index.html").is_file() {
        println!("cargo::error=the interface is not built yet: run `cargo xtask ui` first");
        return ExitCode::FAILURE;
    }
    let attributes =
        tauri_build::Attributes::new().capabilities_path_pattern("src-tauri/capabilities/**/*");
    match tauri_build::try_build(attributes) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("cargo::error=tauri.conf.json or the capabilities: {error:#}");
            ExitCode::FAILURE
        }
    }
}
