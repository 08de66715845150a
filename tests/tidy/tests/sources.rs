//! How files are written.

use tidy::{Findings, crates, root, rust, sources};

/// Lines of Rust a service may have without its tests; blank lines and comments cost nothing.
const SERVICE_LINES_MAX: usize = 3_000;

/// Files grow past this only with tables of data or generated from elsewhere.
const FILE_LINES_MAX: usize = 600;

#[test]
fn services_stay_small() {
    let mut findings = Findings::default();
    for c in crates().unwrap().iter().filter(|c| c.dir.starts_with("sync-server/services/")) {
        let n_lines: usize = rust(&format!("{}/src", c.dir))
            .unwrap()
            .iter()
            .filter(|source| !source.path.ends_with("/testing.rs"))
            .map(|source| source.lines_without_tests().filter(|(_, line)| is_code(line)).count())
            .sum();
        if n_lines >= SERVICE_LINES_MAX {
            findings.add(format!("{} has {n_lines} lines", c.name));
        }
    }
    findings.check("a service stays under 3,000 lines of Rust without tests");
}

fn is_code(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with("//")
}

#[test]
fn files_stay_readable() {
    let mut findings = Findings::default();
    for source in rust("").unwrap() {
        let n_lines = source.text.lines().count();
        // Icons are drawings, one line each or more.
        if n_lines > FILE_LINES_MAX && !source.path.ends_with("icons.rs") {
            findings.add(format!(
                "{} has {n_lines} lines: look for the second idea in it",
                source.path
            ));
        }
    }
    findings.check("files have one idea");
}

#[test]
fn nothing_is_left_for_later() {
    // Put together here, so that this file does not find itself.
    let words = ["TO", "FIX", "XX"].map(|start| match start {
        "TO" => "TODO".to_owned(),
        "FIX" => format!("{start}ME"),
        _ => format!("{start}X"),
    });
    let calls = ["todo", "unimplemented", "dbg"].map(|name| format!("{name}!("));
    let attributes = ["ignore", "should_panic"].map(|name| format!("#[{name}"));
    let mut findings = Findings::default();
    for source in sources("").unwrap() {
        if source.path.starts_with("tests/tidy/") {
            continue;
        }
        for (line, number) in source.text.lines().zip(1..) {
            let is_word = |word: &String| {
                line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|found| found == word)
            };
            let is_left = words.iter().any(is_word)
                || calls.iter().chain(&attributes).any(|form| line.contains(form));
            if is_left {
                findings.add(format!("{}:{number} {}", source.path, line.trim()));
            }
        }
    }
    findings.check("no notes for later, no tests that do not run");
}

#[test]
fn every_crate_says_what_it_is() {
    let mut findings = Findings::default();
    let workspace = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    for c in crates().unwrap() {
        let src = if c.dir.is_empty() { "src-tauri/src".into() } else { format!("{}/src", c.dir) };
        let entry = ["lib.rs", "main.rs"]
            .iter()
            .map(|name| root().join(&src).join(name))
            .find(|path| path.is_file());
        let opening = entry.and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
        if !opening.starts_with("//!") {
            findings.add(format!("{src} does not open with a `//!` comment"));
        }
        let package = c.manifest.get("package");
        if package.and_then(|package| package.get("description")).is_none() {
            findings.add(format!("{} has no description", c.name));
        }
        if !c.dir.is_empty() {
            let member = format!("\"{}\",", c.dir);
            // Beside it, or in the line above.
            let mut above = "";
            let line = workspace.lines().find(|line| {
                let is_found = line.trim().starts_with(&member);
                above = if is_found { above } else { line };
                is_found
            });
            let is_told = line.is_some_and(|line| line.contains("# ")) || above.contains("# ");
            if !is_told {
                findings.add(format!("the workspace does not say what {} is for", c.dir));
            }
        }
        let has_lints = c.manifest.get("lints").and_then(|lints| lints.get("workspace"));
        if has_lints.and_then(toml::Value::as_bool) != Some(true) {
            findings.add(format!("{} does not take the workspace's lints", c.name));
        }
    }
    findings.check("every crate says what it is, and keeps the house's lints");
}

#[test]
fn names_follow_the_house() {
    let mut findings = Findings::default();
    for source in rust("").unwrap() {
        let name = source.path.rsplit('/').next().unwrap();
        if name == "mod.rs" {
            findings.add(format!("{}: a module's file stands beside its folder", source.path));
        }
        if !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.".contains(c)) {
            findings.add(format!("{}: names are snake_case", source.path));
        }
        for vague in ["util", "utils", "helper", "helpers", "manager", "misc", "common"] {
            if name == format!("{vague}.rs") {
                findings.add(format!("{}: says nothing of what it is for", source.path));
            }
        }
    }
    findings.check("file names");
}

#[test]
fn no_machine_is_named() {
    // Package registries and mirrors come from each machine's own configuration.
    let names = [
        ["crates", "io"].join("."),
        ["deb.debian", "org"].join("."),
        ["static.rust-lang", "org"].join("."),
        ["/root", ""].join("/"),
        ["/work", "main"].join("/"),
    ];
    let mut findings = Findings::default();
    for source in sources("").unwrap() {
        for (line, number) in source.text.lines().zip(1..) {
            if let Some(name) = names.iter().find(|name| line.contains(name.as_str())) {
                findings.add(format!("{}:{number} names {name}", source.path));
            }
        }
    }
    findings.check("no registry's or mirror's host, no path of one machine");
}
