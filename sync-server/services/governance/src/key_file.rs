//! The file of the keys that sign checkpoints: made at the first start. There is no built-in key.
//!
//! One key per line, in the private form of signed notes. Their name, a random one, is the log's
//! origin. Which of them signs is said by the log ([`crate::Service::key_rotate`]); the other, where
//! there is one, is the next, which waits for a rotation that was cut off to be gone on with. A key
//! that signs no more is taken out: what it signed is verified by its public half, which the log
//! keeps.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use signed_note::{SigningKey, VerifyingKey};
use web::secret_file::{self, SecretFileError};

use crate::Error;

/// The keys in a file.
#[derive(Clone, Debug)]
pub struct KeyFile {
    path: PathBuf,
    keys: Arc<RwLock<Vec<SigningKey>>>,
}

impl KeyFile {
    /// The keys at `path`; a new one where there is no file yet.
    pub fn open_or_make(path: &Path) -> Result<Self, Error> {
        let found = secret_file::read_or_make(path, || text(&[new_key(&new_name())]))?;
        let keys = parse(path, &found)?;
        Ok(Self { path: path.to_owned(), keys: Arc::new(RwLock::new(keys)) })
    }

    /// Which log they are of.
    pub fn origin(&self) -> String {
        self.first().name().to_owned()
    }

    /// The one that signs a log that begins here.
    pub(crate) fn first(&self) -> SigningKey {
        self.all().swap_remove(0)
    }

    pub(crate) fn all(&self) -> Vec<SigningKey> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The private half of a key; another process may have made it since.
    pub(crate) fn get(&self, wanted: &VerifyingKey) -> Result<SigningKey, Error> {
        let find = || self.all().into_iter().find(|key| key.verifying() == *wanted);
        if let Some(key) = find() {
            return Ok(key);
        }
        self.take(&secret_file::read(&self.path)?)?;
        find().ok_or_else(|| Error::KeyForeign { ours: self.origin() })
    }

    /// The key that the log does not know yet; a new one where none waits.
    pub(crate) fn next(&self, known: &[VerifyingKey]) -> Result<SigningKey, Error> {
        let is_next = |key: &SigningKey| !known.contains(&key.verifying());
        let changed = secret_file::change(&self.path, |before| {
            let mut keys = parse(&self.path, before)?;
            if !keys.iter().any(is_next) {
                keys.push(new_key(keys[0].name()));
            }
            Ok(text(&keys))
        })?;
        self.take(&changed)?;
        let next = self.all().into_iter().find(is_next);
        Ok(next.ok_or_else(|| secret_file::damaged(&self.path))?)
    }

    /// Takes out keys that sign no more.
    pub(crate) fn forget(&self, former: &[VerifyingKey]) -> Result<(), Error> {
        let is_former = |key: &SigningKey| former.contains(&key.verifying());
        if !self.all().iter().any(is_former) {
            return Ok(());
        }
        let changed = secret_file::change(&self.path, |before| {
            let mut keys = parse(&self.path, before)?;
            keys.retain(|key| !is_former(key));
            Ok(text(&keys))
        })?;
        self.take(&changed)
    }

    fn take(&self, found: &str) -> Result<(), Error> {
        let keys = parse(&self.path, found)?;
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }
}

fn new_name() -> String {
    format!("melodyud-audit-{:016x}", rand::random::<u64>())
}

fn new_key(name: &str) -> SigningKey {
    SigningKey::new(name, rand::random()).expect("the name is one of a key")
}

fn text(keys: &[SigningKey]) -> String {
    keys.iter().map(|key| key.secret_text() + "\n").collect()
}

/// There is one at least, and all are of one log.
fn parse(path: &Path, text: &str) -> Result<Vec<SigningKey>, SecretFileError> {
    let keys: Result<Vec<SigningKey>, _> = text.trim().lines().map(str::parse).collect();
    let is_one_log = |keys: &Vec<SigningKey>| {
        keys.first().is_some_and(|first| keys.iter().all(|key| key.name() == first.name()))
    };
    keys.ok().filter(is_one_log).ok_or_else(|| secret_file::damaged(path))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn publics(keys: &KeyFile) -> Vec<VerifyingKey> {
        keys.all().iter().map(SigningKey::verifying).collect()
    }

    #[test]
    fn a_key_is_made_once_and_differs_from_server_to_server() {
        let folder = tempfile::tempdir().unwrap();
        let open = |name: &str| KeyFile::open_or_make(&folder.path().join(name)).unwrap();
        let first = publics(&open("a"));
        assert_eq!((first.len(), &first), (1, &publics(&open("a"))));
        assert_ne!(first, publics(&open("b")));
        assert_ne!(open("a").origin(), open("b").origin());
        assert!(!folder.path().join("a.new").exists(), "nothing is left beside");
    }

    #[test]
    fn the_next_key_is_made_once_and_former_ones_are_taken_out_in_every_process() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let [ours, theirs] = [(); 2].map(|()| KeyFile::open_or_make(&path).unwrap());
        let first = ours.first().verifying();
        let next = ours.next(std::slice::from_ref(&first)).unwrap().verifying();
        assert_eq!(theirs.next(std::slice::from_ref(&first)).unwrap().verifying(), next);
        assert_eq!((next.name(), publics(&ours).len()), (first.name(), 2));
        let third = theirs.next(&[first.clone(), next.clone()]).unwrap().verifying();
        assert_eq!(ours.get(&third).unwrap().verifying(), third, "found when it is met");

        ours.forget(std::slice::from_ref(&first)).unwrap();
        ours.forget(std::slice::from_ref(&first)).unwrap();
        assert_eq!(publics(&ours), [next.clone(), third.clone()]);
        theirs.forget(&[first.clone(), next]).unwrap();
        assert_eq!(publics(&KeyFile::open_or_make(&path).unwrap()), [third]);
        assert!(matches!(theirs.get(&first), Err(Error::KeyForeign { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_open_to_others_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        KeyFile::open_or_make(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let open = KeyFile::open_or_make(&path);
        assert!(matches!(open, Err(Error::KeyFile(SecretFileError::Open { .. }))));
    }

    #[test]
    fn a_damaged_file_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let keys = KeyFile::open_or_make(&path).unwrap();
        let other = new_key("another-log").secret_text();
        let two_logs = format!("{}\n{other}\n", keys.first().secret_text());
        for damage in [&b""[..], b"\n", b"zzz", b"\xff", two_logs.as_bytes()] {
            fs::write(&path, damage).unwrap();
            let open = KeyFile::open_or_make(&path);
            assert!(
                matches!(open, Err(Error::KeyFile(SecretFileError::Damaged { .. }))),
                "{damage:?}"
            );
            assert!(keys.next(&publics(&keys)).is_err());
            assert_eq!(fs::read(&path).unwrap(), damage);
        }
    }
}
