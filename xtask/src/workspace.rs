//! The folders: where the sources are, where cargo builds, where tools of ours are kept.

use std::{
    env,
    path::{Path, PathBuf},
};

/// The root of the clone.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the root")
}

/// Where cargo builds.
pub fn target_dir() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR") {
        // A relative one is taken from where cargo was called; xtask runs there too.
        Some(dir) => env::current_dir().map_or_else(|_| dir.clone().into(), |cwd| cwd.join(&dir)),
        None => root().join("target"),
    }
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
