//! The file of signing keys: made at the first start, readable to its owner alone.
//!
//! One Ed25519 seed per line, in URL-safe base64. The first signs; the ones below still verify.
//! There is no built-in key. [`SigningKeys::rotate`] puts a new one on top, in any process; a
//! running server notices ([`SigningKeys::follow`]).

use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use tokio_util::sync::CancellationToken;

use super::{Keys, KeysError};
use crate::secret_file::{self, SecretFileError};

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
    #[error(transparent)]
    File(#[from] SecretFileError),

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
        let found = secret_file::read_or_make(path, || text(&[rand::random()]))?;
        let seeds = parse(path, &found)?;
        let keys = Keys::from_seeds(&seeds)?;
        Ok(Self { path: path.to_owned(), seeds, keys })
    }

    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Signs with a new key from now on.
    pub fn rotate(&self, former: Former) -> Result<(), SigningKeysError> {
        let changed = secret_file::change(&self.path, |before| {
            // Read in any case: a file that is damaged is not replaced.
            let before = parse(&self.path, before)?;
            let mut seeds: Vec<Seed> = vec![rand::random()];
            if former == Former::Keep {
                seeds.extend(before);
                seeds.truncate(KEYS_MAX);
            }
            Ok(text(&seeds))
        })?;
        let seeds = parse(&self.path, &changed)?;
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

fn text(seeds: &[Seed]) -> String {
    let lines: Vec<String> = seeds.iter().map(|seed| URL_SAFE_NO_PAD.encode(seed)).collect();
    lines.join("\n") + "\n"
}

fn parse(path: &Path, text: &str) -> Result<Vec<Seed>, SecretFileError> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let seeds: Option<Vec<Seed>> =
        lines.map(|line| URL_SAFE_NO_PAD.decode(line).ok()?.try_into().ok()).collect();
    seeds.filter(|seeds| !seeds.is_empty()).ok_or_else(|| secret_file::damaged(path))
}

fn read(path: &Path) -> Result<Vec<Seed>, SecretFileError> {
    parse(path, &secret_file::read(path)?)
}

#[cfg(test)]
mod tests {
    use std::fs;

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
        assert!(matches!(refused, Err(SigningKeysError::File(SecretFileError::Open { .. }))));
    }

    #[test]
    fn a_damaged_file_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys");
        let keys = SigningKeys::open_or_make(&path).unwrap();
        for damage in ["", "\n", "zzz", "****"] {
            fs::write(&path, damage).unwrap();
            let refused = SigningKeys::open_or_make(&path);
            assert!(
                matches!(refused, Err(SigningKeysError::File(SecretFileError::Damaged { .. }))),
                "{damage}"
            );
            assert!(keys.rotate(Former::Keep).is_err());
            assert_eq!(fs::read_to_string(&path).unwrap(), damage);
        }
    }
}
