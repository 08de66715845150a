//! The repository read as data: its manifests and its sources. The rules themselves are the tests
//! in `tests/`, one per invariant of ARCHITECTURE.md.
//!
//! Nothing here builds or runs anything; the rules hold for what is written.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

/// One crate of the workspace.
pub struct Crate {
    pub name: String,
    /// Relative to the root, `/` between folders; empty for the root's own package.
    pub dir: String,
    /// Names of everything it depends on, tests included or not.
    pub dependencies: BTreeSet<String>,
    pub dev_dependencies: BTreeSet<String>,
    pub manifest: toml::Table,
}

/// One file of the repository as text.
pub struct Source {
    /// Relative to the root, `/` between folders.
    pub path: String,
    pub text: String,
}

/// The root of the clone.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// All members of the workspace and its root package.
pub fn crates() -> Result<Vec<Crate>> {
    let manifest = read_manifest("")?;
    let members = manifest.get("workspace").and_then(|workspace| workspace.get("members"));
    let members = members.and_then(toml::Value::as_array).context("the workspace has members")?;
    let dirs = members.iter().filter_map(toml::Value::as_str).chain([""]);
    dirs.map(read_crate).collect()
}

fn read_crate(dir: &str) -> Result<Crate> {
    let manifest = read_manifest(dir)?;
    let name = manifest.get("package").and_then(|package| package.get("name"));
    let name = name.and_then(toml::Value::as_str).context("a package has a name")?.to_owned();
    let names = |table: &toml::Table, key: &str| -> BTreeSet<String> {
        let table = table.get(key).and_then(toml::Value::as_table);
        table.map(|table| table.keys().cloned().collect()).unwrap_or_default()
    };
    let mut dependencies = names(&manifest, "dependencies");
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    for target in targets.into_iter().flat_map(toml::Table::values) {
        dependencies
            .extend(target.as_table().map(|t| names(t, "dependencies")).unwrap_or_default());
    }
    let dev_dependencies = names(&manifest, "dev-dependencies");
    Ok(Crate { name, dir: dir.to_owned(), dependencies, dev_dependencies, manifest })
}

fn read_manifest(dir: &str) -> Result<toml::Table> {
    let path = root().join(dir).join("Cargo.toml");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    text.parse().with_context(|| path.display().to_string())
}

/// Every text file that belongs to the project, below a folder of it.
pub fn sources(below: &str) -> Result<Vec<Source>> {
    const OUTSIDE: &[&str] = &["target", "dist", ".git"];
    const TEXTS: &[&str] =
        &["rs", "toml", "md", "css", "html", "js", "json", "sql", "yml", "yaml", "sh", "svg"];
    let root = root();
    let mut pending = vec![root.join(below)];
    let mut sources = Vec::new();
    while let Some(dir) = pending.pop() {
        for entry in fs::read_dir(&dir).with_context(|| dir.display().to_string())? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            // Folders that are being written aside have names that begin with a dot.
            if path.is_dir() {
                let is_ours = !OUTSIDE.contains(&name.as_str()) && !name.starts_with(".tmp");
                pending.extend(is_ours.then_some(path));
                continue;
            }
            let is_script = path.ends_with(".ci/run");
            if is_script || path.extension().is_some_and(|e| TEXTS.iter().any(|text| e == *text)) {
                let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
                let path = path.strip_prefix(&root)?.to_string_lossy().replace('\\', "/");
                sources.push(Source { path, text });
            }
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(sources)
}

/// Rust files only.
pub fn rust(below: &str) -> Result<Vec<Source>> {
    let mut sources = sources(below)?;
    sources.retain(|source| Path::new(&source.path).extension().is_some_and(|e| e == "rs"));
    Ok(sources)
}

impl Source {
    /// The lines up to the file's test module, numbered from 1; none of a file of tests.
    pub fn lines_without_tests(&self) -> impl Iterator<Item = (usize, &str)> {
        let is_all_tests = self.path.contains("/tests/") || self.path.ends_with("/tests.rs");
        let lines = self.text.lines().zip(1..).map(|(line, number)| (number, line));
        lines.take_while(move |(_, line)| !is_all_tests && line.trim() != "#[cfg(test)]")
    }
}

/// Collects what is wrong, so that one run names all of it.
#[derive(Default)]
pub struct Findings(Vec<String>);

impl Findings {
    pub fn add(&mut self, finding: impl Into<String>) {
        self.0.push(finding.into());
    }

    /// Fails with everything that was found.
    #[track_caller]
    pub fn check(self, rule: &str) {
        assert!(self.0.is_empty(), "{rule}\n  {}", self.0.join("\n  "));
    }
}
