//! Random secrets that people's browsers carry, and what is stored of them.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

/// Of a `code_verifier`, in bytes (RFC 7636, section 4.1).
const VERIFIER_BYTES: std::ops::RangeInclusive<usize> = 43..=128;

/// 32 random bytes as text.
pub fn random() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// What is stored of a secret. It is random: nobody finds it by trying.
pub fn hash(secret: &str) -> String {
    blake3::hash(secret.as_bytes()).to_hex().to_string()
}

/// Whether the app that shows `verifier` is the one that began with `challenge` (`S256` of RFC
/// 7636).
pub fn is_proven(challenge: &str, verifier: &str) -> bool {
    let shown = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    // Hashes of this type are compared in constant time.
    blake3::hash(shown.as_bytes()) == blake3::hash(challenge.as_bytes())
}

/// Whether it can be a `code_verifier` at all.
pub fn is_verifier(text: &str) -> bool {
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    VERIFIER_BYTES.contains(&text.len()) && text.bytes().all(is_unreserved)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7636, appendix B.
    #[test]
    fn a_verifier_proves_its_own_challenge_alone() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert!(is_verifier(verifier) && is_proven(challenge, verifier));
        assert!(!is_proven(challenge, &verifier.replace('d', "e")));
        assert!(!is_proven(challenge, challenge));
        for bad in ["", "short", &"a".repeat(129), &"\u{e4}".repeat(30), &" ".repeat(50)] {
            assert!(!is_verifier(bad), "{bad}");
        }
    }
}
