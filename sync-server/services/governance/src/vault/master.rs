//! Master keys, which wrap the keys of subjects: in a file by default.
//!
//! The file is made at the first start, readable to its owner alone. One key per line, in Base64; the first wraps, all unwrap. A key is told by a hash of it. There is
//! no built-in key, and a file that is damaged is never replaced: what it wrapped would be lost.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::audit::Token;
use web::secret_file::{self, SecretFileError};

use super::seal::Key;
use crate::Error;

/// A key of a subject, as it is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wrapped {
    /// By which master key.
    pub master_id: String,
    pub text: String,
}

/// Wraps and unwraps keys of subjects. A key management service may stand behind it, whose master
/// keys never leave it: it is asked, and not for its keys.
#[async_trait]
pub trait MasterKeys: Send + Sync + fmt::Debug {
    /// Id of the key that wraps from now on.
    async fn newest(&self) -> Result<String, Error>;

    /// Wraps by the newest key, for this subject alone.
    async fn wrap(&self, key: &[u8; 32], subject: &Token) -> Result<Wrapped, Error>;

    /// `None` where it was not wrapped so, or for another subject.
    ///
    /// # Errors
    /// [`Error::MasterKeyMissing`] where there is no such master key.
    async fn unwrap(&self, wrapped: &Wrapped, subject: &Token) -> Result<Option<Vec<u8>>, Error>;

    /// Wraps with a new key from now on. What was wrapped before still opens.
    async fn rotate(&self) -> Result<(), Error>;
}

/// Master keys in a file, the newest first.
#[derive(Clone, Debug)]
pub struct FileMasterKeys {
    path: PathBuf,
    keys: Arc<RwLock<Vec<Key>>>,
}

impl FileMasterKeys {
    /// The keys at `path`; a new one where there is no file yet.
    pub fn open_or_make(path: &Path) -> Result<Self, Error> {
        let found = secret_file::read_or_make(path, || text(&[Key::random()]))?;
        let keys = parse(path, &found)?;
        Ok(Self { path: path.to_owned(), keys: Arc::new(RwLock::new(keys)) })
    }

    fn renew(&self) -> Result<(), Error> {
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
    fn first(&self) -> Result<(String, Key), Error> {
        let keys = read(&self.path)?;
        let newest = (id(&keys[0]), keys[0].clone());
        self.take(keys);
        Ok(newest)
    }

    /// The key of an id; another process may have made it since.
    fn get(&self, wanted: &str) -> Result<Key, Error> {
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

#[async_trait]
impl MasterKeys for FileMasterKeys {
    async fn newest(&self) -> Result<String, Error> {
        Ok(self.first()?.0)
    }

    async fn wrap(&self, key: &[u8; 32], subject: &Token) -> Result<Wrapped, Error> {
        let (master_id, master) = self.first()?;
        Ok(Wrapped { master_id, text: master.seal(key, subject.as_str().as_bytes()) })
    }

    async fn unwrap(&self, wrapped: &Wrapped, subject: &Token) -> Result<Option<Vec<u8>>, Error> {
        let master = self.get(&wrapped.master_id)?;
        Ok(master.open(&wrapped.text, subject.as_str().as_bytes()))
    }

    async fn rotate(&self) -> Result<(), Error> {
        self.renew()
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
        let ours = FileMasterKeys::open_or_make(&path).unwrap();
        let theirs = FileMasterKeys::open_or_make(&path).unwrap();
        let (first, _) = ours.first().unwrap();
        assert_eq!(theirs.first().unwrap().0, first);
        theirs.renew().unwrap();
        let (second, key) = theirs.first().unwrap();
        assert_ne!(second, first);
        assert!(ours.get(&second).unwrap() == key, "found when it is met");
        assert_eq!(ours.first().unwrap().0, second);
        assert!(ours.get(&first).is_ok());
        assert!(matches!(ours.get("0"), Err(Error::MasterKeyMissing { .. })));
    }

    #[test]
    fn a_damaged_or_open_file_is_refused_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault-key");
        let keys = FileMasterKeys::open_or_make(&path).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
            let open = FileMasterKeys::open_or_make(&path);
            assert!(matches!(open, Err(Error::KeyFile(SecretFileError::Open { .. }))));
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        for damage in ["", "\n", "AAAA", "****"] {
            fs::write(&path, damage).unwrap();
            let refused = FileMasterKeys::open_or_make(&path);
            assert!(
                matches!(refused, Err(Error::KeyFile(SecretFileError::Damaged { .. }))),
                "{damage}"
            );
            assert!(keys.renew().is_err());
            assert_eq!(fs::read_to_string(&path).unwrap(), damage);
        }
    }
}
