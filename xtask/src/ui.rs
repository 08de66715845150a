//! The interface: compiled for wasm32, bound to JavaScript, and laid out in `ui/dist` with its
//! page, styles, fonts and icons. The app embeds that folder.
//!
//! What comes from where: `ui/index.html` and `ui/loader.js` -> `/`, `ui/styles/` -> `/styles/`,
//! theme, fonts and icons of `assets/` -> `/`; `/ui_app.js` and `/ui_app_bg.wasm` are bound here.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context, Result};
use serde_json::Value;
use wasm_bindgen_cli_support::Bindgen;

use crate::{setup::wasm, sh, workspace};

const PROFILE: &str = "wasm-release";

/// What `loader.js` imports.
const NAME: &str = "ui_app";

/// Of the interface's own folder, beside what is compiled.
const PAGE: &[&str] = &["index.html", "loader.js", "styles"];

/// Of `assets/`; what only the documents show stays outside.
const ASSETS: &[&str] = &["theme.css", "fonts", "icons"];

/// Builds `ui/dist`; does nothing but a check by cargo when it is up to date.
pub fn run() -> Result<()> {
    sh::step("interface");
    let compiled = compile(wasm::ensure()?)?;
    let ui = workspace::root().join("ui");
    let dist = ui.join("dist");
    let assets = workspace::root().join("assets");
    let page = PAGE.iter().map(|name| (ui.join(name), *name));
    let parts: Vec<(PathBuf, &str)> =
        page.chain(ASSETS.iter().map(|name| (assets.join(name), *name))).collect();
    let mut inputs: Vec<PathBuf> = parts.iter().map(|(from, _)| from.clone()).collect();
    inputs.push(compiled.clone());
    if is_newer_than_all(&dist.join("index.html"), inputs)? {
        eprintln!("    ui/dist is up to date");
        return Ok(());
    }
    // Built aside and swapped in, so that an interrupted run leaves no half interface.
    let scratch = tempfile::tempdir_in(&ui)?;
    bind(&compiled, scratch.path())?;
    for (from, name) in &parts {
        copy(from, &scratch.path().join(name))?;
    }
    if dist.exists() {
        fs::remove_dir_all(&dist).context("remove the old ui/dist")?;
    }
    fs::rename(scratch.keep(), &dist).context("move the interface to ui/dist")?;
    let wasm = fs::metadata(dist.join(format!("{NAME}_bg.wasm")))?.len();
    eprintln!("    ui/dist: {} KB of wasm", wasm / 1000);
    Ok(())
}

/// Compiles the interface and says where cargo put it.
fn compile(std: wasm::Std) -> Result<PathBuf> {
    let mut build = sh::cargo(&["build", "--package", "ui-app", "--profile", PROFILE]);
    build.arg("--message-format=json-render-diagnostics").stderr(Stdio::inherit());
    std.apply(&mut build);
    let messages = sh::output(&mut build)?;
    let artifacts = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let files = artifacts
        .filter_map(|message| message.get("filenames").and_then(Value::as_array).cloned())
        .flatten();
    let wasm = files
        .filter_map(|file| file.as_str().map(PathBuf::from))
        .rfind(|file| file.extension().is_some_and(|extension| extension == "wasm"));
    wasm.context("cargo built no .wasm file from ui/")
}

/// Writes `ui_app.js` and `ui_app_bg.wasm`.
fn bind(compiled: &Path, dist: &Path) -> Result<()> {
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(compiled)
        .out_name(NAME)
        .web(true)?
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true);
    bindgen.generate(dist).context("bind the interface to JavaScript")
}

/// Whether `made` is younger than every file among `inputs`; folders count with all they hold.
fn is_newer_than_all(made: &Path, inputs: Vec<PathBuf>) -> Result<bool> {
    let Ok(made) = fs::metadata(made).and_then(|made| made.modified()) else { return Ok(false) };
    let mut pending = inputs;
    while let Some(path) = pending.pop() {
        let found = fs::metadata(&path).with_context(|| format!("look at {}", path.display()))?;
        // A folder's own time tells of files removed from it.
        if found.modified()? > made {
            return Ok(false);
        }
        if found.is_dir() {
            for entry in fs::read_dir(&path)? {
                pending.push(entry?.path());
            }
        }
    }
    Ok(true)
}

/// Copies a file or a folder with all it holds.
fn copy(from: &Path, to: &Path) -> Result<()> {
    if !from.is_dir() {
        fs::copy(from, to).with_context(|| format!("copy {}", from.display()))?;
        return Ok(());
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}
