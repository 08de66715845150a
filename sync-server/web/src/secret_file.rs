//! Files of secrets: made at the first start, readable to their owner alone, never there in part.
//!
//! What stands in one is its user's to write and to parse. A file that is damaged or open to others
//! is refused, and never replaced: what its secrets signed or sealed would be lost.

use std::{
    fs::{self, File, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
};

/// More than any of our files grows to.
const BYTES_MAX: u64 = 64 * 1024;

#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    #[error("cannot {verb} the secrets at {}", path.display())]
    Io {
        verb: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },

    #[error(
        "other users of this machine can read the secrets at {}; run `chmod 600` on the file if \
         nobody else was there",
        path.display()
    )]
    Open { path: PathBuf },

    #[error("the secrets at {} are damaged; restore the file from a backup", path.display())]
    Damaged { path: PathBuf },
}

/// The text of the file; what `make` says where there is none yet. Of processes that start at once,
/// all get the same.
pub fn read_or_make(path: &Path, make: impl FnOnce() -> String) -> Result<String, SecretFileError> {
    if !path.exists() {
        let _lock = lock(path)?;
        // Another process may have made it just before.
        if !path.exists() {
            write(path, &make())?;
        }
    }
    read(path)
}

/// Puts another text in the place of the one there is, while nobody else does. Answers with it.
pub fn change(
    path: &Path,
    next: impl FnOnce(&str) -> Result<String, SecretFileError>,
) -> Result<String, SecretFileError> {
    let _lock = lock(path)?;
    let text = next(&read(path)?)?;
    write(path, &text)?;
    Ok(text)
}

pub fn read(path: &Path) -> Result<String, SecretFileError> {
    let failed = |source| SecretFileError::Io { verb: "read", path: path.to_owned(), source };
    let metadata = fs::metadata(path).map_err(failed)?;
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o077 != 0 {
        return Err(SecretFileError::Open { path: path.to_owned() });
    }
    if metadata.len() > BYTES_MAX {
        return Err(damaged(path));
    }
    let bytes = fs::read(path).map_err(failed)?;
    String::from_utf8(bytes).map_err(|_| damaged(path))
}

/// For users who cannot parse what they read.
pub fn damaged(path: &Path) -> SecretFileError {
    SecretFileError::Damaged { path: path.to_owned() }
}

/// Held while the file is made or changed. The lock has a file of its own, since the other one is
/// replaced.
fn lock(path: &Path) -> Result<File, SecretFileError> {
    let failed = |source| SecretFileError::Io { verb: "lock", path: path.to_owned(), source };
    let file = private().open(path.with_extension("lock")).map_err(failed)?;
    file.lock().map_err(failed)?;
    Ok(file)
}

/// Written beside and moved into place.
fn write(path: &Path, text: &str) -> Result<(), SecretFileError> {
    let failed = |source| SecretFileError::Io { verb: "write", path: path.to_owned(), source };
    let beside = path.with_extension("new");
    let mut file = private().truncate(true).open(&beside).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    fs::rename(&beside, path).map_err(failed)?;
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
    }
    Ok(())
}

/// A file that only its owner may read.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
