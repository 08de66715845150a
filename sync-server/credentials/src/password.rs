//! Passwords: which are good enough, and how they are kept.

use std::{
    collections::HashSet,
    sync::{Arc, LazyLock},
};

use argon2::{
    Algorithm, Argon2, Block, Params, PasswordHash, Version,
    password_hash::{Output, Salt, SaltString},
};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization as _;
use web::ApiError;

use crate::{Email, Error};

/// In characters; no rules of composition (NIST SP 800-63B, section 3.1.1.2).
const CHARS_MIN: usize = 8;
const CHARS_MAX: usize = 128;

/// OWASP's password storage cheat sheet: Argon2id with 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const N_PASSES: u32 = 2;

/// Bytes of a hash.
const HASH_BYTES: usize = 32;

/// Just above the most that glibc's allocator ever keeps (`DEFAULT_MMAP_THRESHOLD_MAX`).
const RETURNED_BYTES: usize = 33 << 20;

/// So many may wait for a hashing thread; the rest is told to come back.
const N_WAITING_MAX: usize = 128;

/// Passwords that everybody tries first, those long enough to be taken otherwise.
static COMMON: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("password/common.txt").lines().collect());

/// A password that may be kept: normalised (NFKC), of a good length, not everybody's.
pub fn check(typed: &str, email: &Email) -> Result<(), ApiError> {
    let password = normal(typed);
    let n_chars = password.chars().count();
    if !(CHARS_MIN..=CHARS_MAX).contains(&n_chars) {
        return Err(ApiError::invalid(
            format!("The password has {n_chars} characters."),
            format!("Take {CHARS_MIN} to {CHARS_MAX}."),
        ));
    }
    let lower = password.to_lowercase();
    let is_own = lower == email.as_str().to_lowercase() || lower == email.local().to_lowercase();
    if is_own || is_trivial(&lower) || COMMON.contains(lower.as_str()) {
        return Err(ApiError::invalid(
            "This password is among the first that others would try.",
            "Take another one: a few words that do not belong together make a good one.",
        ));
    }
    Ok(())
}

/// One character over and over, or a run such as `abcdefgh` or `87654321`.
fn is_trivial(password: &str) -> bool {
    let codes: Vec<i64> = password.chars().map(|c| i64::from(u32::from(c))).collect();
    let steps: HashSet<i64> = codes.windows(2).map(|pair| pair[1] - pair[0]).collect();
    matches!(Vec::from_iter(steps)[..], [-1..=1])
}

fn normal(typed: &str) -> String {
    // Longer than any password that is taken: no need to look at all of it.
    typed.chars().take(4 * CHARS_MAX).nfkc().collect()
}

/// Hashes and verifies on blocking threads, a bounded number at once: each takes 19 MiB and
/// tens of milliseconds.
#[derive(Clone)]
pub struct Hasher {
    argon2: Argon2<'static>,
    at_work: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    /// Of a password that nobody knows.
    nobody: Arc<str>,
}

impl Hasher {
    pub fn new() -> Result<Self, Error> {
        let params = Params::new(MEMORY_KIB, N_PASSES, 1, None)
            .map_err(|error| Error::Hash(error.into()))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let n_threads = std::thread::available_parallelism().map_or(1, usize::from);
        let nobody = hash(&argon2, &rand::random::<[u8; 32]>())?.into();
        Ok(Self {
            argon2,
            at_work: Arc::new(Semaphore::new(n_threads)),
            waiting: Arc::new(Semaphore::new(N_WAITING_MAX)),
            nobody,
        })
    }

    /// The hash to keep, in PHC form: parameters and salt are in it.
    pub async fn hash(&self, typed: &str) -> Result<String, Error> {
        let (argon2, password) = (self.argon2.clone(), normal(typed));
        self.run(move || hash(&argon2, password.as_bytes())).await?
    }

    /// Says whether the password is the one that was hashed. Takes the same time where there
    /// is no hash, and then answers no.
    pub async fn verify(&self, typed: &str, stored: Option<&str>) -> Result<bool, Error> {
        let password = normal(typed);
        let is_known = stored.is_some();
        let stored = stored.unwrap_or(&self.nobody).to_owned();
        self.run(move || Ok(is_same(password.as_bytes(), &stored)? && is_known)).await?
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let _place = self
            .waiting
            .try_acquire()
            .map_err(|_| ApiError::unavailable("Too many people sign in at this moment.", 2))?;
        let turn = self.at_work.clone().acquire_owned().await;
        let turn = turn.expect("the semaphore is never closed");
        // The turn goes with the work: the work goes on when the client went away.
        let work = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(turn);
            result
        });
        Ok(work.await?)
    }
}

fn hash(argon2: &Argon2<'_>, password: &[u8]) -> Result<String, Error> {
    let salt = SaltString::encode_b64(&rand::random::<[u8; 16]>()).map_err(Error::Hash)?;
    let output = output(argon2, password, salt.as_salt())?;
    let hash = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: argon2.params().try_into().map_err(Error::Hash)?,
        salt: Some(salt.as_salt()),
        hash: Some(output),
    };
    Ok(hash.to_string())
}

/// With the parameters that stand in the hash: they may be older than ours.
fn is_same(password: &[u8], stored: &str) -> Result<bool, Error> {
    let stored = PasswordHash::new(stored).map_err(Error::Hash)?;
    let params = Params::try_from(&stored).map_err(Error::Hash)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let salt = stored.salt.ok_or(Error::NoSalt)?;
    let output = output(&argon2, password, salt)?;
    // Comparing outputs takes the same time wherever they differ.
    Ok(stored.hash == Some(output))
}

fn output(argon2: &Argon2<'_>, password: &[u8], salt: Salt<'_>) -> Result<Output, Error> {
    let mut salt_bytes = [0; Salt::MAX_LENGTH];
    let salt_bytes = salt.decode_b64(&mut salt_bytes).map_err(Error::Hash)?;
    let n_blocks = argon2.params().block_count();
    // More than is used: glibc gives memory of 32 MiB and up back to the system at once, but
    // keeps less for each thread that ever hashed. What is not touched costs nothing.
    let mut memory = Vec::with_capacity(n_blocks.max(RETURNED_BYTES / Block::SIZE));
    memory.push(Block::default());
    while memory.len() < n_blocks {
        // In copies of what is there: fast without an optimiser, too.
        memory.extend_from_within(..memory.len().min(n_blocks - memory.len()));
    }
    let mut output = [0; HASH_BYTES];
    argon2
        .hash_password_into_with_memory(password, salt_bytes, &mut output, &mut memory[..])
        .map_err(|error| Error::Hash(error.into()))?;
    Output::new(&output).map_err(Error::Hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_taken(password: &str) -> bool {
        check(password, &Email::parse("ann.smith@example.org").unwrap()).is_ok()
    }

    #[test]
    fn length_counts_and_composition_does_not() {
        assert!(is_taken("four words and no digit"));
        assert!(is_taken("пароль из слов"));
        assert!(is_taken(&"correct horse ".repeat(9)));
        assert!(!is_taken("short 1"));
        assert!(!is_taken(&"correct horse ".repeat(10)));
    }

    #[test]
    fn first_guesses_are_refused() {
        for first in [
            "password",
            "Password1",
            "12345678",
            "87654321",
            "aaaaaaaaaa",
            "abcdefgh",
            "qwertyuiop",
            "iloveyou",
            "ann.smith",
            "ANN.SMITH@example.org",
            "ｐａｓｓｗｏｒｄ",
        ] {
            assert!(!is_taken(first), "{first}");
        }
    }

    #[test]
    fn every_common_password_would_be_taken_otherwise() {
        for password in COMMON.iter() {
            assert!(password.chars().count() >= CHARS_MIN, "{password} is too short to matter");
            assert_eq!(*password, password.to_lowercase(), "{password}");
        }
        assert!(COMMON.len() >= 200);
    }

    #[tokio::test]
    async fn only_the_right_password_verifies() {
        let hasher = Hasher::new().unwrap();
        let stored = hasher.hash("ünï correct horse").await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(hasher.verify("ünï correct horse", Some(&stored)).await.unwrap());
        // The same text in its decomposed form, as another keyboard sends it.
        assert!(hasher.verify("u\u{308}ni\u{308} correct horse", Some(&stored)).await.unwrap());
        assert!(!hasher.verify("ünï correct horsf", Some(&stored)).await.unwrap());
        assert!(!hasher.verify("ünï correct horse", None).await.unwrap());
    }

    #[tokio::test]
    async fn hashes_are_those_of_any_argon2() {
        use argon2::{PasswordHasher as _, PasswordVerifier as _};
        let hasher = Hasher::new().unwrap();
        let ours = hasher.hash("correct horse").await.unwrap();
        let parsed = PasswordHash::new(&ours).unwrap();
        Argon2::default().verify_password(b"correct horse", &parsed).unwrap();
        // Older parameters, from before they were raised.
        let older = Argon2::from(Params::new(64, 1, 1, None).unwrap());
        let salt = SaltString::encode_b64(&[1; 16]).unwrap();
        let older = older.hash_password(b"correct horse", &salt).unwrap().to_string();
        assert!(hasher.verify("correct horse", Some(&older)).await.unwrap());
        assert!(!hasher.verify("correct horsf", Some(&older)).await.unwrap());
    }
}
