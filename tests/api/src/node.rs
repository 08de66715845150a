//! Packages of Node.js that `cargo xtask setup` installs for the tests.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::Context as _;

/// The `node_modules` of a folder in `tests/`.
pub fn packages(folder: &str) -> anyhow::Result<PathBuf> {
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cache")));
    let modules = cache.map(|cache| cache.join("melodyud/tools").join(folder).join("node_modules"));
    let modules = modules.filter(|modules| modules.join(".melodyud-installed").is_file());
    modules
        .with_context(|| format!("the packages of {folder} are missing: run `cargo xtask setup`"))
}
