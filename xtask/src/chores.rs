//! Short chores: each builds a program of the workspace and calls it.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result};

use crate::{
    setup::{self, Purpose},
    sh, ui, workspace,
};

/// A server with music and the app on it. Where there is no display, a virtual one, in which
/// the whole chain is proven.
pub fn demo(music: Option<&Path>) -> Result<()> {
    let has_display = has_display();
    setup::run(if has_display { Purpose::Build } else { Purpose::VirtualWindow })?;
    build_the_real_thing()?;
    let mut demo = e2e("demo");
    demo.arg("--dir").arg(workspace::target_dir().join("demo"));
    if has_display {
        demo.arg("--visible");
    }
    if let Some(music) = music {
        let music = music.canonicalize().with_context(|| format!("find {}", music.display()))?;
        demo.arg("--music").arg(music);
    }
    sh::run(&mut demo)
}

/// Every screen as a picture.
pub fn screenshots() -> Result<()> {
    setup::run(Purpose::VirtualWindow)?;
    build_the_real_thing()?;
    let folder = workspace::target_dir().join("screenshots");
    sh::run(e2e("screenshots").arg("--to").arg(&folder))
}

/// One benchmark, from release builds.
pub fn bench(name: &str, is_json: bool, rest: &[String]) -> Result<()> {
    setup::run(Purpose::Bench)?;
    sh::step("release builds");
    sh::prepare(&mut sh::cargo(&[
        "build",
        "--release",
        "--package",
        "server",
        "--package",
        "bench",
        "--bins",
    ]))?;
    if name == "app" {
        bundle()?;
    }
    let mut bench = Command::new(workspace::released("bench"));
    bench.arg(name).current_dir(workspace::root());
    if is_json {
        bench.arg("--json");
    }
    sh::run(bench.args(rest))
}

/// The app as its Debian package, with the interface it embeds.
fn bundle() -> Result<()> {
    setup::bundler()?;
    ui::run()?;
    sh::step("package");
    // Its `beforeBuildCommand` has just been done.
    let no_command = r#"{"build":{"beforeBuildCommand":""}}"#;
    let mut build = Command::new(workspace::tools_dir().join("bin/cargo-tauri"));
    build.args(["build", "--bundles", "deb", "--config", no_command]);
    sh::in_root(&mut build);
    sh::prepare(&mut build)
}

/// The HTTP contract as a committed file.
pub fn openapi() -> Result<()> {
    sh::step("openapi");
    sh::prepare(&mut sh::cargo(&["build", "--package", "server", "--bins"]))?;
    let document = sh::output(Command::new(workspace::built("melodyud-server")).arg("openapi"))?;
    let path = workspace::root().join("sync-server/openapi.json");
    fs::write(&path, document).with_context(|| format!("write {}", path.display()))?;
    eprintln!("    {}", path.display());
    Ok(())
}

fn build_the_real_thing() -> Result<()> {
    ui::run()?;
    sh::step("server and app");
    sh::prepare(&mut sh::cargo(&[
        "build",
        "--package",
        "server",
        "--package",
        "player-app",
        "--package",
        "e2e",
        "--bins",
    ]))
}

fn e2e(verb: &str) -> Command {
    let mut command = Command::new(workspace::built("melodyud-e2e"));
    command.arg(verb).current_dir(workspace::root());
    command
}

fn has_display() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY")
}
