//! The file of master keys: made at the first start, readable to its owner alone.
//!
//! One key per line, in Base64; the first wraps, all unwrap. A key is told by a hash of it. There is
//! no built-in key, and a file that is damaged is never replaced: what it wrapped would be lost.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use web::secret_file::{self, SecretFileError};

use super::seal::Key;
use crate::Error;

/// Master keys, the newest first.
#[derive(Clone, Debug)]
pub struct MasterKeys {
    path: PathBuf,
    keys: Arc<RwLock<Vec<Key>>>,
}

impl MasterKeys {
    /// The keys at `path`; a new one where there is no file yet.
    pub fn open_or_make(path: &Path) -> Result<Self, Error> {
        let found = secret_file::read_or_make(path, || text(&[Key::random()]))?;
        let keys = parse(path, &found)?;
        Ok(Self { path: path.to_owned(), keys: Arc::new(RwLock::new(keys)) })
    }

    /// Wraps with a new key from now on. What was wrapped before still opens.
    pub fn rotate(&self) -> Result<(), Error> {
        let changed = secret_file::change(&self.path, |before| {
            let mut keys = vec![Key::random()];
            keys.extend(parse(&self.path, before)?);
            Ok(text(&keys))
        })?;
        self.take(parse(&self.path, &changed)?);
        Ok(())
    }

    /// The key that wraps, and its id. Read anew each time, since another process may have rotated;
    /// wrapping is rare.
    pub fn newest(&self) -> Result<(String, Key), Error> {
        let keys = read(&self.path)?;
        let newest = (id(&keys[0]), keys[0].clone());
        self.take(keys);
        Ok(newest)
    }

    /// The key of an id; another process may have made it since.
    pub fn get(&self, wanted: &str) -> Result<Key, Error> {
        if let Some(key) = self.find(wanted) {
            return Ok(key);
        }
        self.take(read(&self.path)?);
        self.find(wanted).ok_or_else(|| Error::MasterKeyMissing { id: wanted.to_owned() })
    }

    fn find(&self, wanted: &str) -> Option<Key> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.iter().find(|key| id(key) == wanted).cloned()
    }

    fn take(&self, keys: Vec<Key>) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }
}

fn id(key: &Key) -> String {
    let hash = blake3::Hasher::new_derive_key("MelodyUD 2026 id of a master key")
        .update(key.bytes())
        .finalize();
    hash.to_hex()[..16].to_owned()
}

fn text(keys: &[Key]) -> String {
    let lines: Vec<String> = keys.iter().map(|key| STANDARD.encode(key.bytes())).collect();
    lines.join("\n") + "\n"
}

fn parse(path: &Path, text: &str) -> Result<Vec<Key>, SecretFileError> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let keys: Option<Vec<Key>> =
        lines.map(|line| Key::from_bytes(&STANDARD.decode(line).ok()?)).collect();
    keys.filter(|keys| !keys.is_empty()).ok_or_else(|| secret_file::damaged(path))
}

fn read(path: &Path) -> Result<Vec<Key>, SecretFileError> {
    parse(path, &secret_file::read(path)?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn keys_are_made_once_and_rotated_in_every_process() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault-key");
        let ours = MasterKeys::open_or_make(&path).unwrap();
        let theirs = MasterKeys::open_or_make(&path).unwrap();
        let (first, _) = ours.newest().unwrap();
        assert_eq!(theirs.newest().unwrap().0, first);
        theirs.rotate().unwrap();
        let (second, key) = theirs.newest().unwrap();
        assert_ne!(second, first);
        assert!(ours.get(&second).unwrap() == key, "found when it is met");
        assert_eq!(ours.newest().unwrap().0, second);
        assert!(ours.get(&first).is_ok());
        assert!(matches!(ours.get("0"), Err(Error::MasterKeyMissing { .. })));
    }

    #[test]
    fn a_damaged_or_open_file_is_refused_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault-key");
        let keys = MasterKeys::open_or_make(&path).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
            let open = MasterKeys::open_or_make(&path);
            assert!(matches!(open, Err(Error::KeyFile(SecretFileError::Open { .. }))));
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        for damage in ["", "\n", "AAAA", "****"] {
            fs::write(&path, damage).unwrap();
            let refused = MasterKeys::open_or_make(&path);
            assert!(
                matches!(refused, Err(Error::KeyFile(SecretFileError::Damaged { .. }))),
                "{damage}"
            );
            assert!(keys.rotate().is_err());
            assert_eq!(fs::read_to_string(&path).unwrap(), damage);
        }
    }
}
