//! The file of signing keys: made at the first start, readable to its owner alone.
//!
//! One Ed25519 seed per line, in URL-safe base64. The first signs; the ones below still verify.
//! There is no built-in key.

use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write as _},
    path::Path,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use web::auth::Keys;

use crate::Error;

/// More lines than any rotation leaves behind.
const FILE_BYTES_MAX: u64 = 16 * 1024;

/// The keys at `path`; new ones where there is no file yet.
pub fn open_or_make(path: &Path) -> Result<Keys, Error> {
    if !path.exists() {
        make(path)?;
    }
    Ok(Keys::from_seeds(&read(path)?)?)
}

fn make(path: &Path) -> Result<(), Error> {
    let failed = |source| Error::KeyFile { verb: "make", path: path.to_owned(), source };
    let line = format!("{}\n", URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()));
    // Written beside and linked into place: the file is never there in part, and of two
    // processes that start at once, both use the keys of the first.
    let beside = path.with_extension(format!("new-{}", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside).map_err(failed)?;
    file.write_all(line.as_bytes()).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    let linked = fs::hard_link(&beside, path);
    fs::remove_file(&beside).map_err(failed)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(failed(error)),
        _ => Ok(()),
    }
}

fn read(path: &Path) -> Result<Vec<[u8; 32]>, Error> {
    let failed = |source| Error::KeyFile { verb: "read", path: path.to_owned(), source };
    let damaged = || Error::KeyFileDamaged { path: path.to_owned() };
    let metadata = fs::metadata(path).map_err(failed)?;
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o077 != 0 {
        return Err(Error::KeyFileOpen { path: path.to_owned() });
    }
    if metadata.len() > FILE_BYTES_MAX {
        return Err(damaged());
    }
    let text = fs::read_to_string(path).map_err(failed)?;
    let seeds = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| {
        let bytes = URL_SAFE_NO_PAD.decode(line).map_err(|_| damaged())?;
        <[u8; 32]>::try_from(bytes).map_err(|_| damaged())
    });
    let seeds: Vec<_> = seeds.collect::<Result<_, _>>()?;
    if seeds.is_empty() { Err(damaged()) } else { Ok(seeds) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_id(keys: &Keys) -> Option<String> {
        keys.jwks().keys[0].common.key_id.clone()
    }

    #[test]
    fn keys_are_made_once_and_differ_from_server_to_server() {
        let folder = tempfile::tempdir().unwrap();
        let first = open_or_make(&folder.path().join("a")).unwrap();
        let again = open_or_make(&folder.path().join("a")).unwrap();
        let other = open_or_make(&folder.path().join("b")).unwrap();
        assert_eq!(key_id(&first), key_id(&again));
        assert_ne!(key_id(&first), key_id(&other));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left beside");
    }

    #[test]
    fn processes_that_start_at_once_share_the_keys() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        make(&path).unwrap();
        let first = fs::read(&path).unwrap();
        make(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), first);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_open_to_others_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        open_or_make(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(open_or_make(&path), Err(Error::KeyFileOpen { .. })));
    }

    #[test]
    fn a_damaged_file_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        open_or_make(&path).unwrap();
        for damage in ["", "\n", "zzz", "****"] {
            fs::write(&path, damage).unwrap();
            assert!(matches!(open_or_make(&path), Err(Error::KeyFileDamaged { .. })), "{damage}");
            assert_eq!(fs::read_to_string(&path).unwrap(), damage);
        }
    }
}
