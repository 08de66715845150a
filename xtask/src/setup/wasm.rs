//! The standard library for wasm32, in which the interface runs.
//!
//! Where rustup can download it, that is all. Where it cannot, the library's sources are brought
//! and every build of the interface compiles them: `-Zbuild-std`. The sources come from Debian's
//! package `rust-src` of the compiler's own version, found on the mirror that the machine's apt
//! already uses, checked against the mirror's SHA-256.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result, bail};

use crate::{sh, workspace};

pub const TARGET: &str = "wasm32-unknown-unknown";

/// Debian's suite that carries compilers of rustup's age.
const SUITE: &str = "trixie-backports";

/// rustup hangs on a machine whose network answers nothing.
const RUSTUP_LIMIT: Duration = Duration::from_mins(3);

/// How the interface gets its standard library.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Std {
    /// It lies compiled in the sysroot.
    Installed,
    /// Cargo compiles it from the sysroot's sources.
    FromSource,
}

impl Std {
    /// Prepares a cargo command that compiles for wasm32.
    pub fn apply(self, command: &mut Command) {
        command.args(["--target", TARGET]);
        if self == Self::FromSource {
            command.args(["-Zbuild-std=std,panic_abort"]).env("RUSTC_BOOTSTRAP", "1");
        }
    }
}

/// Makes sure that there is one of the two. `MELODYUD_WASM=build-std` asks for the second.
pub fn ensure() -> Result<Std> {
    let sysroot = sysroot()?;
    let is_forced = env::var("MELODYUD_WASM").is_ok_and(|way| way == "build-std");
    if !is_forced && (is_installed(&sysroot) || is_added_by_rustup(&sysroot)) {
        eprintln!("    {TARGET} is installed");
        return Ok(Std::Installed);
    }
    let sources = sysroot.join("lib/rustlib/src/rust/library");
    if !sources.join("std/Cargo.toml").is_file() {
        bring_sources(&sources)?;
    }
    eprintln!("    the standard library is built from {}", sources.display());
    Ok(Std::FromSource)
}

fn sysroot() -> Result<PathBuf> {
    let printed = sh::output(Command::new("rustc").args(["--print", "sysroot"]))?;
    Ok(PathBuf::from(printed.trim()))
}

fn is_installed(sysroot: &Path) -> bool {
    let lib = sysroot.join("lib/rustlib").join(TARGET).join("lib");
    fs::read_dir(lib).is_ok_and(|entries| {
        entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-"))
    })
}

fn is_added_by_rustup(sysroot: &Path) -> bool {
    if !sh::is_on_path("rustup") {
        return false;
    }
    let mut add = Command::new("rustup");
    add.args(["target", "add", TARGET]).current_dir(workspace::root());
    match sh::run_within(&mut add, RUSTUP_LIMIT) {
        Ok(()) => is_installed(sysroot),
        Err(error) => {
            eprintln!("    {error:#}");
            false
        }
    }
}

/// Unpacks the standard library's sources to where cargo looks for them.
fn bring_sources(sources: &Path) -> Result<()> {
    let version = compiler_version()?;
    eprintln!("    bringing the standard library's sources, version {version}");
    let parent = sources.parent().context("the sources have a parent folder")?;
    fs::create_dir_all(parent).with_context(|| {
        format!("{} is not writable: run `rustup target add {TARGET}` by hand", parent.display())
    })?;
    // Beside its final place, so that the last step is one rename.
    let scratch = tempfile::tempdir_in(parent)?;
    let unpacked = from_debian(&version, scratch.path()).or_else(|error| {
        eprintln!("    not from a Debian mirror: {error:#}");
        from_sibling_folder(&version, scratch.path())
    })?;
    fs::rename(&unpacked, sources)
        .with_context(|| format!("move {} to {}", unpacked.display(), sources.display()))
}

fn compiler_version() -> Result<String> {
    let printed = sh::output(Command::new("rustc").arg("--version"))?;
    let version = printed.split_whitespace().nth(1).context("rustc prints its version")?;
    Ok(version.to_owned())
}

fn from_debian(version: &str, scratch: &Path) -> Result<PathBuf> {
    let mut last = None;
    for mirror in debian_mirrors(Path::new("/etc/apt")) {
        match from_mirror(&mirror, version, scratch) {
            Ok(unpacked) => return Ok(unpacked),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| anyhow::anyhow!("apt knows no Debian mirror")))
}

fn from_mirror(mirror: &str, version: &str, scratch: &Path) -> Result<PathBuf> {
    let index = scratch.join("Packages.xz");
    let url = format!("{mirror}/dists/{SUITE}/main/binary-all/Packages.xz");
    apt_helper(&["download-file", &url, path_str(&index)?])?;
    let packages = sh::output(Command::new(APT_HELPER).arg("cat-file").arg(&index))?;
    let package = find_package(&packages, version)
        .with_context(|| format!("the mirror has no rust-src {version}"))?;
    let deb = scratch.join("rust-src.deb");
    let url = format!("{mirror}/{}", package.filename);
    let checksum = format!("SHA256:{}", package.sha256);
    apt_helper(&["download-file", &url, path_str(&deb)?, &checksum])?;
    let tree = scratch.join("deb");
    sh::prepare(Command::new("dpkg-deb").arg("--extract").arg(&deb).arg(&tree))?;
    let library = tree.join(format!("usr/src/rustc-{version}/library"));
    if !library.join("std/Cargo.toml").is_file() {
        bail!("{} is not in the package", library.display());
    }
    Ok(library)
}

const APT_HELPER: &str = "/usr/lib/apt/apt-helper";

fn apt_helper(arguments: &[&str]) -> Result<()> {
    let mut command = Command::new(APT_HELPER);
    command.args(["-oAcquire::Retries=2", "-oAcquire::http::Timeout=30"]).args(arguments);
    sh::run_within(&mut command, Duration::from_mins(10))
}

fn path_str(path: &Path) -> Result<&str> {
    path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))
}

/// One paragraph of a package index.
#[derive(PartialEq, Eq, Debug)]
struct Package {
    filename: String,
    sha256: String,
}

/// The newest `rust-src` of this compiler version in a Debian package index.
fn find_package(index: &str, version: &str) -> Option<Package> {
    let upstream = format!("{version}+");
    let paragraphs = index.split("\n\n").filter(|paragraph| {
        field(paragraph, "Package") == Some("rust-src")
            && field(paragraph, "Version").is_some_and(|found| found.starts_with(&upstream))
    });
    let package = paragraphs.last()?;
    Some(Package {
        filename: field(package, "Filename")?.to_owned(),
        sha256: field(package, "SHA256")?.to_owned(),
    })
}

fn field<'a>(paragraph: &'a str, name: &str) -> Option<&'a str> {
    paragraph.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

/// Addresses that apt's sources name for a Debian archive, in both forms sources are written in.
fn debian_mirrors(apt: &Path) -> Vec<String> {
    let mut files = vec![apt.join("sources.list")];
    if let Ok(entries) = fs::read_dir(apt.join("sources.list.d")) {
        files.extend(entries.flatten().map(|entry| entry.path()));
    }
    let mut mirrors = Vec::new();
    for file in files {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        for word in text.lines().filter(|line| !line.trim_start().starts_with('#')).flat_map(urls) {
            let mirror = word.trim_end_matches('/').to_owned();
            // Other archives (security, third parties) have no backports.
            if mirror.ends_with("/debian") && !mirrors.contains(&mirror) {
                mirrors.push(mirror);
            }
        }
    }
    mirrors
}

fn urls(line: &str) -> impl Iterator<Item = &str> {
    line.split_whitespace()
        .filter(|word| word.starts_with("http://") || word.starts_with("https://"))
}

/// A copy kept beside the clone, for the day when the package is gone.
fn from_sibling_folder(version: &str, scratch: &Path) -> Result<PathBuf> {
    let archive = workspace::root()
        .join("../shared/toolchain")
        .join(format!("rust-library-{version}.tar.xz"));
    if !archive.is_file() {
        bail!(
            "the wasm32 standard library cannot be had here: neither rustup nor a Debian mirror \
             answers. Connect to the network, or run `rustup target add {TARGET}` by hand"
        );
    }
    sh::prepare(Command::new("tar").arg("-xJf").arg(&archive).arg("-C").arg(scratch))?;
    Ok(scratch.join("library"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_of_the_compilers_version_is_found() {
        let index = "Package: rust-src\nVersion: 1.94.1+dfsg1-1\nFilename: pool/a.deb\nSHA256: 11\n\n\
                     Package: rust-doc\nVersion: 1.95.0+dfsg1-1\nFilename: pool/b.deb\nSHA256: 22\n\n\
                     Package: rust-src\nVersion: 1.95.0+dfsg1-2~bpo13+1\nFilename: pool/c.deb\nSHA256: 33\n";
        let found = find_package(index, "1.95.0").unwrap();
        assert_eq!(found, Package { filename: "pool/c.deb".into(), sha256: "33".into() });
        assert_eq!(find_package(index, "1.95"), None);
    }

    #[test]
    fn mirrors_are_read_from_both_forms_of_sources() {
        let apt = tempfile::tempdir().unwrap();
        let parts = apt.path().join("sources.list.d");
        fs::create_dir(&parts).unwrap();
        let old = "deb [signed-by=/k] http://one.test/debian/ bookworm main\n# deb http://no.test/debian x\n";
        fs::write(apt.path().join("sources.list"), old).unwrap();
        let new = "Types: deb\nURIs: http://two.test/debian http://three.test/debian-security\nSuites: x\n";
        fs::write(parts.join("debian.sources"), new).unwrap();
        assert_eq!(
            debian_mirrors(apt.path()),
            ["http://one.test/debian", "http://two.test/debian"]
        );
    }
}
