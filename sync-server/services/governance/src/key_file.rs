//! The file of the key that signs checkpoints: made at the first start. There is no built-in key.
//!
//! One line, in the private form of signed notes. Its name, a random one, is the log's origin.

use std::path::Path;

use web::secret_file;

use crate::{Error, keys::SigningKey};

/// The key at `path`; a new one where there is no file yet.
pub fn open_or_make(path: &Path) -> Result<SigningKey, Error> {
    let text = secret_file::read_or_make(path, || format!("{}\n", new_key().secret_text()))?;
    Ok(text.trim().parse().map_err(|_| secret_file::damaged(path))?)
}

fn new_key() -> SigningKey {
    let name = format!("melodyud-audit-{:016x}", rand::random::<u64>());
    SigningKey::new(&name, rand::random()).expect("the name is letters and digits")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use web::secret_file::SecretFileError;

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
        assert!(!folder.path().join("a.new").exists(), "nothing is left beside");
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
        assert!(matches!(open_or_make(&path), Err(Error::KeyFile(SecretFileError::Open { .. }))));
    }

    #[test]
    fn a_damaged_file_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        open_or_make(&path).unwrap();
        for damage in [&b""[..], b"\n", b"zzz", b"\xff"] {
            fs::write(&path, damage).unwrap();
            assert!(
                matches!(open_or_make(&path), Err(Error::KeyFile(SecretFileError::Damaged { .. }))),
                "{damage:?}"
            );
            assert_eq!(fs::read(&path).unwrap(), damage);
        }
    }
}
