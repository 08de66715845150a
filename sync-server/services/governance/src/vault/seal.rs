//! Sealing with XChaCha20-Poly1305: 256-bit keys, and nonces of 192 bits that can be random.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};

const NONCE_BYTES: usize = 24;

/// Seals and opens.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; 32]);

impl Key {
    pub fn random() -> Self {
        Self(rand::random())
    }

    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Nonce and ciphertext in Base64. `aad` is not in it, and must be the same to open it.
    pub fn seal(&self, bytes: &[u8], aad: &[u8]) -> String {
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let cipher = XChaCha20Poly1305::new((&self.0).into());
        let sealed = cipher.encrypt(XNonce::from_slice(&nonce), Payload { msg: bytes, aad });
        let sealed = sealed.expect("it fails for messages of many gigabytes alone");
        STANDARD.encode([&nonce[..], &sealed].concat())
    }

    /// `None` where it was not sealed with this key and `aad`, or was changed.
    pub fn open(&self, sealed: &str, aad: &[u8]) -> Option<Vec<u8>> {
        let bytes = STANDARD.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_BYTES)?;
        let cipher = XChaCha20Poly1305::new((&self.0).into());
        cipher.decrypt(XNonce::from_slice(nonce), Payload { msg: sealed, aad }).ok()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_sealed_opens_and_nothing_else(
            bytes: Vec<u8>, aad: Vec<u8>, at: prop::sample::Index, bit in 0..8_u8,
        ) {
            let key = Key::random();
            let sealed = key.seal(&bytes, &aad);
            prop_assert_eq!(key.open(&sealed, &aad), Some(bytes));
            prop_assert_eq!(Key::random().open(&sealed, &aad), None);
            prop_assert_eq!(key.open(&sealed, &[&aad[..], b"x"].concat()), None);
            let mut changed = STANDARD.decode(&sealed).unwrap();
            let at = at.index(changed.len());
            changed[at] ^= 1 << bit;
            prop_assert_eq!(key.open(&STANDARD.encode(changed), &aad), None);
        }
    }

    #[test]
    fn the_same_is_never_sealed_the_same() {
        let key = Key::random();
        assert_ne!(key.seal(b"x", b""), key.seal(b"x", b""));
        for garbage in ["", "x", "AAAA", "****"] {
            assert_eq!(key.open(garbage, b""), None);
        }
    }
}
