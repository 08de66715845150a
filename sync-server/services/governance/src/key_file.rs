//! The file of the key that signs checkpoints: made at the first start, readable to its owner
//! alone. There is no built-in key.
//!
//! One line, in the private form of signed notes. Its name, a random one, is the log's origin.

use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write as _},
    path::Path,
};

use crate::{Error, keys::SigningKey};

/// One line has less than 300.
const FILE_BYTES_MAX: u64 = 4 * 1024;

/// The key at `path`; a new one where there is no file yet.
pub fn open_or_make(path: &Path) -> Result<SigningKey, Error> {
    if !path.exists() {
        make(path)?;
    }
    read(path)
}

fn make(path: &Path) -> Result<(), Error> {
    let failed = |source| Error::KeyFile { verb: "make", path: path.to_owned(), source };
    let name = format!("melodyud-audit-{:016x}", rand::random::<u64>());
    let key = SigningKey::new(&name, rand::random()).expect("the name is letters and digits");
    // Written beside and linked into place: the file is never there in part, and of two
    // processes that start at once, both use the key of the first.
    let beside = path.with_extension(format!("new-{}", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside).map_err(failed)?;
    file.write_all(format!("{}\n", key.secret_text()).as_bytes()).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    let linked = fs::hard_link(&beside, path);
    fs::remove_file(&beside).map_err(failed)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(failed(error)),
        _ => Ok(()),
    }
}

fn read(path: &Path) -> Result<SigningKey, Error> {
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
    let bytes = fs::read(path).map_err(failed)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| damaged())?;
    text.trim().parse().map_err(|_| damaged())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_differs_from_server_to_server() {
        let folder = tempfile::tempdir().unwrap();
        let first = open_or_make(&folder.path().join("a")).unwrap().verifying();
        let again = open_or_make(&folder.path().join("a")).unwrap().verifying();
        let other = open_or_make(&folder.path().join("b")).unwrap().verifying();
        assert_eq!(first, again);
        assert_ne!(first, other);
        assert_ne!(first.name(), other.name());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left beside");
    }

    #[test]
    fn processes_that_start_at_once_share_the_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
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
        let path = folder.path().join("key");
        open_or_make(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(open_or_make(&path), Err(Error::KeyFileOpen { .. })));
    }

    #[test]
    fn a_damaged_file_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        open_or_make(&path).unwrap();
        for damage in [&b""[..], b"\n", b"zzz", b"\xff"] {
            fs::write(&path, damage).unwrap();
            assert!(matches!(open_or_make(&path), Err(Error::KeyFileDamaged { .. })), "{damage:?}");
            assert_eq!(fs::read(&path).unwrap(), damage);
        }
    }
}
