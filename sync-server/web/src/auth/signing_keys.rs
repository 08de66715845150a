//! The file of signing keys: made at the first start, readable to its owner alone.
//!
//! One Ed25519 seed per line, in URL-safe base64. The first signs; the ones below still verify.
//! There is no built-in key. [`SigningKeys::rotate`] puts a new one on top, in any process; a
//! running server notices ([`SigningKeys::follow`]).

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use tokio_util::sync::CancellationToken;

use super::{Keys, KeysError};

/// More than the lines of [`KEYS_MAX`] keys.
const FILE_BYTES_MAX: u64 = 16 * 1024;

/// Keys kept by a rotation, the new one included.
const KEYS_MAX: usize = 8;

/// How often a running server looks whether the keys were rotated.
const FOLLOW_PERIOD: Duration = Duration::from_secs(2);

type Seed = [u8; 32];

/// The file and the keys that were read from it.
#[derive(Clone)]
pub struct SigningKeys {
    path: PathBuf,
    /// As the file was when it was opened.
    seeds: Vec<Seed>,
    keys: Keys,
}

/// The file of keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SigningKeysError {
    #[error("cannot {verb} the signing keys at {}", path.display())]
    File {
        verb: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },

    #[error(
        "other users of this machine can read the signing keys at {}; make new ones by removing \
         the file, or run `chmod 600` on it if nobody else was there",
        path.display()
    )]
    FileOpen { path: PathBuf },

    #[error("the signing keys at {} are damaged; restore the file, or remove it: everybody \
             signs in again then", path.display())]
    FileDamaged { path: PathBuf },

    #[error(transparent)]
    Keys(#[from] KeysError),
}

/// What becomes of the keys before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Former {
    /// They still verify, so that nobody notices.
    Keep,
    /// They are good for nothing from now on: one of them is in wrong hands.
    Drop,
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKeys").field("path", &self.path).finish_non_exhaustive()
    }
}

impl SigningKeys {
    /// The keys at `path`; new ones where there is no file yet.
    pub fn open_or_make(path: &Path) -> Result<Self, SigningKeysError> {
        if !path.exists() {
            let _lock = lock(path)?;
            // Another process may have made it just before.
            if !path.exists() {
                write(path, &[rand::random()])?;
            }
        }
        let seeds = read(path)?;
        let keys = Keys::from_seeds(&seeds)?;
        Ok(Self { path: path.to_owned(), seeds, keys })
    }

    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Signs with a new key from now on.
    pub fn rotate(&self, former: Former) -> Result<(), SigningKeysError> {
        let _lock = lock(&self.path)?;
        let mut seeds: Vec<Seed> = vec![rand::random()];
        if former == Former::Keep {
            seeds.extend(read(&self.path)?);
            seeds.truncate(KEYS_MAX);
        }
        write(&self.path, &seeds)?;
        Ok(self.keys.replace(&seeds)?)
    }

    /// Takes what other processes rotated to, until it is told to stop.
    pub async fn follow(self, stopping: CancellationToken) {
        let mut known = self.seeds;
        while stopping.run_until_cancelled(tokio::time::sleep(FOLLOW_PERIOD)).await.is_some() {
            match read(&self.path) {
                Ok(seeds) if known != seeds => match self.keys.replace(&seeds) {
                    Ok(()) => {
                        tracing::info!(n_keys = seeds.len(), "signing keys were rotated");
                        known = seeds;
                    }
                    Err(error) => tracing::warn!(%error, "the new signing keys cannot be used"),
                },
                Ok(_) => {}
                // Those in memory are good; the next start will say it louder.
                Err(error) => tracing::warn!(%error, "the signing keys cannot be read"),
            }
        }
    }
}

/// Held while the file is made or changed. The lock has a file of its own, since that of the
/// keys is replaced.
fn lock(path: &Path) -> Result<File, SigningKeysError> {
    let failed = |source| SigningKeysError::File { verb: "lock", path: path.to_owned(), source };
    let file = private().open(path.with_extension("lock")).map_err(failed)?;
    file.lock().map_err(failed)?;
    Ok(file)
}

/// Written beside and moved into place: the file is never there in part.
fn write(path: &Path, seeds: &[Seed]) -> Result<(), SigningKeysError> {
    let failed = |source| SigningKeysError::File { verb: "write", path: path.to_owned(), source };
    let lines: Vec<String> = seeds.iter().map(|seed| URL_SAFE_NO_PAD.encode(seed)).collect();
    let beside = path.with_extension("new");
    let mut file = private().truncate(true).open(&beside).map_err(failed)?;
    writeln!(file, "{}", lines.join("\n")).map_err(failed)?;
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

fn read(path: &Path) -> Result<Vec<Seed>, SigningKeysError> {
    let failed = |source| SigningKeysError::File { verb: "read", path: path.to_owned(), source };
    let damaged = || SigningKeysError::FileDamaged { path: path.to_owned() };
    let metadata = fs::metadata(path).map_err(failed)?;
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o077 != 0 {
        return Err(SigningKeysError::FileOpen { path: path.to_owned() });
    }
    if metadata.len() > FILE_BYTES_MAX {
        return Err(damaged());
    }
    let text = fs::read_to_string(path).map_err(failed)?;
    let seeds = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(|line| {
        let bytes = URL_SAFE_NO_PAD.decode(line).map_err(|_| damaged())?;
        Seed::try_from(bytes).map_err(|_| damaged())
    });
    let seeds: Vec<_> = seeds.collect::<Result<_, _>>()?;
    if seeds.is_empty() { Err(damaged()) } else { Ok(seeds) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_ids(keys: &SigningKeys) -> Vec<Option<String>> {
        keys.keys().jwks().keys.into_iter().map(|key| key.common.key_id).collect()
    }

    #[test]
    fn keys_are_made_once_and_differ_from_server_to_server() {
        let folder = tempfile::tempdir().unwrap();
        let first = SigningKeys::open_or_make(&folder.path().join("a")).unwrap();
        let again = SigningKeys::open_or_make(&folder.path().join("a")).unwrap();
        let other = SigningKeys::open_or_make(&folder.path().join("b")).unwrap();
        assert_eq!(key_ids(&first), key_ids(&again));
        assert_ne!(key_ids(&first), key_ids(&other));
        assert!(!folder.path().join("a.new").exists(), "nothing is left beside");
    }

    #[test]
    fn processes_that_start_at_once_share_the_keys() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let starts: Vec<_> = (0..8)
            .map(|_| {
                let path = path.clone();
                std::thread::spawn(move || key_ids(&SigningKeys::open_or_make(&path).unwrap()))
            })
            .collect();
        let ids: Vec<_> = starts.into_iter().map(|start| start.join().unwrap()).collect();
        assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    }

    #[test]
    fn a_rotation_keeps_what_was_until_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let keys = SigningKeys::open_or_make(&folder.path().join("keys")).unwrap();
        let before = key_ids(&keys);
        keys.rotate(Former::Keep).unwrap();
        let after = key_ids(&keys);
        assert_eq!((after.len(), &after[1..]), (2, &before[..]));
        let read_again = SigningKeys::open_or_make(&folder.path().join("keys")).unwrap();
        assert_eq!(key_ids(&read_again), after);
        for _ in 0..KEYS_MAX {
            keys.rotate(Former::Keep).unwrap();
        }
        assert_eq!(key_ids(&keys).len(), KEYS_MAX);
        keys.rotate(Former::Drop).unwrap();
        assert_eq!(key_ids(&keys).len(), 1);
    }

    /// What a process leaves that was killed at each step of a rotation.
    #[test]
    fn a_rotation_that_was_cut_off_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let keys = SigningKeys::open_or_make(&path).unwrap();
        let before = key_ids(&keys);
        for half in ["", "AAAA", "x\n"] {
            fs::write(path.with_extension("new"), half).unwrap();
            let found = SigningKeys::open_or_make(&path).unwrap();
            assert_eq!(key_ids(&found), before);
        }
        keys.rotate(Former::Keep).unwrap();
        assert_eq!(key_ids(&keys)[1..], before);
    }

    #[tokio::test]
    async fn a_running_server_takes_the_keys_of_another_process() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let running = SigningKeys::open_or_make(&path).unwrap();
        let stopping = CancellationToken::new();
        let following = tokio::spawn(running.clone().follow(stopping.clone()));
        let other = SigningKeys::open_or_make(&path).unwrap();
        other.rotate(Former::Keep).unwrap();
        let arrived = async {
            while key_ids(&running) != key_ids(&other) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), arrived).await.unwrap();
        stopping.cancel();
        following.await.unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_file_open_to_others_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let keys = SigningKeys::open_or_make(&path).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        keys.rotate(Former::Keep).unwrap();
        assert_eq!(mode(&path), 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let refused = SigningKeys::open_or_make(&path);
        assert!(matches!(refused, Err(SigningKeysError::FileOpen { .. })));
    }

    #[test]
    fn a_damaged_file_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let keys = SigningKeys::open_or_make(&path).unwrap();
        for damage in ["", "\n", "zzz", "****"] {
            fs::write(&path, damage).unwrap();
            let refused = SigningKeys::open_or_make(&path);
            assert!(matches!(refused, Err(SigningKeysError::FileDamaged { .. })), "{damage}");
            assert!(keys.rotate(Former::Keep).is_err());
            assert_eq!(fs::read_to_string(&path).unwrap(), damage);
        }
    }
}
