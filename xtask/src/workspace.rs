//! The folders: where the sources are, where cargo builds, where tools of ours are kept.

use std::{
    env,
    path::{Path, PathBuf},
};

/// The root of the clone.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the root")
}

/// Where cargo builds, in a folder for each profile. Cargo has many ways to be told where; it put
/// this program there as well.
pub fn target_dir() -> PathBuf {
    let own = env::current_exe().expect("the system knows where a program lies");
    own.ancestors().nth(2).expect("cargo builds into a folder for the profile").to_owned()
}

/// Where tools that the tests need are kept between clones.
pub fn tools_dir() -> PathBuf {
    let cache = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cache")));
    cache.unwrap_or_else(target_dir).join("melodyud").join("tools")
}

/// A program that the dev profile built.
pub fn built(name: &str) -> PathBuf {
    target_dir().join("debug").join(format!("{name}{}", env::consts::EXE_SUFFIX))
}

/// A program that the release profile built.
pub fn released(name: &str) -> PathBuf {
    target_dir().join("release").join(format!("{name}{}", env::consts::EXE_SUFFIX))
}
