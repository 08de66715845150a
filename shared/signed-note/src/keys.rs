//! Keys of signed notes, in the text forms that other tools read (C2SP signed-note; the private
//! form is that of Go's `golang.org/x/mod/sumdb/note`).

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::Signer as _;
use sha2::{Digest as _, Sha256};

/// Signature type of Ed25519.
const ED25519: u8 = 1;

/// What a private key starts with.
const PRIVATE: &str = "PRIVATE+KEY+";

/// Of a key's name, in bytes.
const NAME_BYTES_MAX: usize = 128;

/// The text is no key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a key of signed notes: `name+hash+base64`, of Ed25519")]
pub struct KeyError;

/// Signs the checkpoints of one log, whose origin is its name.
#[derive(Clone)]
pub struct SigningKey {
    name: String,
    key: ed25519_dalek::SigningKey,
}

/// Verifies them. Its text form is the public one, `name+hash+base64`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VerifyingKey {
    name: String,
    key: ed25519_dalek::VerifyingKey,
}

impl SigningKey {
    /// From 32 random bytes.
    pub fn new(name: &str, seed: [u8; 32]) -> Result<Self, KeyError> {
        check_name(name)?;
        Ok(Self { name: name.to_owned(), key: ed25519_dalek::SigningKey::from_bytes(&seed) })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn verifying(&self) -> VerifyingKey {
        VerifyingKey { name: self.name.clone(), key: self.key.verifying_key() }
    }

    /// What [`SigningKey::from_str`] takes. Whoever has it can sign.
    pub fn secret_text(&self) -> String {
        let hash = u32::from_be_bytes(self.verifying().hash());
        let key = [&[ED25519], &self.key.to_bytes()[..]].concat();
        format!("{PRIVATE}{}+{hash:08x}+{}", self.name, STANDARD.encode(key))
    }

    pub(crate) fn sign(&self, text: &[u8]) -> [u8; 64] {
        self.key.sign(text).to_bytes()
    }
}

impl VerifyingKey {
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first bytes of `SHA-256(name || 0x0a || type || key)`: what tells keys apart.
    pub(crate) fn hash(&self) -> [u8; 4] {
        let hash = Sha256::new()
            .chain_update(&self.name)
            .chain_update([b'\n', ED25519])
            .chain_update(self.key.as_bytes())
            .finalize();
        [hash[0], hash[1], hash[2], hash[3]]
    }

    /// Says whether the signature is that of the text. There is one signature that is.
    pub(crate) fn verify(&self, text: &[u8], signature: [u8; 64]) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(&signature);
        self.key.verify_strict(text, &signature).is_ok()
    }
}

impl FromStr for SigningKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (name, hash, seed) = parse(text.strip_prefix(PRIVATE).ok_or(KeyError)?)?;
        let key = Self::new(name, seed)?;
        if key.verifying().hash() == hash { Ok(key) } else { Err(KeyError) }
    }
}

impl FromStr for VerifyingKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (name, hash, bytes) = parse(text)?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(&bytes).map_err(|_| KeyError)?;
        let key = Self { name: name.to_owned(), key };
        if key.hash() == hash { Ok(key) } else { Err(KeyError) }
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hash = u32::from_be_bytes(self.hash());
        let key = [&[ED25519], &self.key.as_bytes()[..]].concat();
        write!(f, "{}+{hash:08x}+{}", self.name, STANDARD.encode(key))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Name, hash and the 32 bytes of `name+hash+base64`.
fn parse(text: &str) -> Result<(&str, [u8; 4], [u8; 32]), KeyError> {
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(hash), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(KeyError);
    };
    check_name(name)?;
    if hash.len() != 8 {
        return Err(KeyError);
    }
    let hash = u32::from_str_radix(hash, 16).map_err(|_| KeyError)?.to_be_bytes();
    let key = STANDARD.decode(key).map_err(|_| KeyError)?;
    match key.split_first() {
        Some((&ED25519, key)) => Ok((name, hash, key.try_into().map_err(|_| KeyError)?)),
        _ => Err(KeyError),
    }
}

fn check_name(name: &str) -> Result<(), KeyError> {
    let is_fine = (1..=NAME_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_graphic() && b != b'+');
    if is_fine { Ok(()) } else { Err(KeyError) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Go's package.
    #[test]
    fn keys_are_read_as_other_tools_write_them() {
        let public = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
        let private =
            "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
        assert_eq!(public.parse::<VerifyingKey>().unwrap().to_string(), public);
        let key: SigningKey = private.parse().unwrap();
        assert_eq!(key.verifying().to_string(), public);
        assert_eq!(key.secret_text(), private);
    }

    #[test]
    fn damaged_keys_are_refused() {
        let key = SigningKey::new("log", [1; 32]).unwrap().verifying().to_string();
        for wrong in ["", "log", "a+b+c", &key[1..], &key.replace("log", "lot"), &format!("{key}=")]
        {
            assert_eq!(wrong.parse::<VerifyingKey>(), Err(KeyError), "{wrong}");
        }
        assert!(SigningKey::new("a b", [1; 32]).is_err());
        assert!(SigningKey::new("a+b", [1; 32]).is_err());
    }
}
