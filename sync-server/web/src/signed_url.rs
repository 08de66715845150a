//! Short-lived signed URLs, for players that cannot send headers.
//!
//! The signature is a keyed BLAKE3 hash over path, account and expiry. It is as good as a
//! bearer token for that one path, so it expires soon.

use std::str::FromStr as _;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::AccountId;
use serde::Deserialize;

use crate::ApiError;

/// Longest life of a signed URL, in seconds: long enough for a long piece of music.
pub const LIFE_MAX_S: u64 = 6 * 60 * 60;

/// Makes and checks signatures. All servers of one service share the secret.
#[derive(Clone)]
pub struct UrlSigner {
    key: [u8; 32],
}

/// What a signed URL carries in its query.
#[derive(Clone, Debug, Deserialize)]
pub struct Signature {
    /// Seconds since 1970.
    pub expires: u64,
    pub account: String,
    pub signature: String,
}

impl UrlSigner {
    /// `secret` may serve other purposes too: the key is derived from it for this one.
    pub fn new(secret: &[u8; 32]) -> Self {
        Self { key: blake3::derive_key("MelodyUD 2026 signed stream URL", secret) }
    }

    /// Path and query that let `account` read `path` until `expires_at_s`.
    pub fn sign(&self, path: &str, account: AccountId, expires_at_s: u64) -> String {
        let signature = URL_SAFE_NO_PAD.encode(self.mac(path, account, expires_at_s).as_bytes());
        format!("{path}?expires={expires_at_s}&account={account}&signature={signature}")
    }

    /// Whose URL it is, where it is genuine and not expired.
    pub fn verify(&self, path: &str, given: &Signature, now_s: u64) -> Result<AccountId, ApiError> {
        let refused =
            || ApiError::unauthenticated("The signed URL is not genuine, or it has expired.");
        let account = AccountId::from_str(&given.account).map_err(|_| refused())?;
        let bytes = URL_SAFE_NO_PAD.decode(&given.signature).map_err(|_| refused())?;
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| refused())?;
        // Comparing `blake3::Hash` takes the same time wherever they differ.
        let is_genuine = self.mac(path, account, given.expires) == blake3::Hash::from(bytes);
        let is_fresh = given.expires > now_s && given.expires <= now_s.saturating_add(LIFE_MAX_S);
        if is_genuine && is_fresh { Ok(account) } else { Err(refused()) }
    }

    fn mac(&self, path: &str, account: AccountId, expires_at_s: u64) -> blake3::Hash {
        blake3::keyed_hash(&self.key, format!("{expires_at_s}\n{account}\n{path}").as_bytes())
    }
}

impl std::fmt::Debug for UrlSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UrlSigner").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "/api/v1/tracks/a/stream";

    fn parts(url: &str) -> Signature {
        let uri: axum::http::Uri = url.parse().unwrap();
        axum::extract::Query::<Signature>::try_from_uri(&uri).unwrap().0
    }

    #[test]
    fn a_signed_url_is_good_for_its_path_account_and_time_only() {
        let signer = UrlSigner::new(&[7; 32]);
        let account = AccountId::new(1, [1; 10]);
        let given = parts(&signer.sign(PATH, account, 1_000));

        assert_eq!(signer.verify(PATH, &given, 999).unwrap(), account);
        assert!(signer.verify(PATH, &given, 1_000).is_err());
        assert!(signer.verify("/api/v1/tracks/b/stream", &given, 999).is_err());
        assert!(UrlSigner::new(&[8; 32]).verify(PATH, &given, 999).is_err());
        let longer = Signature { expires: 2_000, ..given.clone() };
        assert!(signer.verify(PATH, &longer, 999).is_err());
        let other = Signature { account: AccountId::new(1, [2; 10]).to_string(), ..given.clone() };
        assert!(signer.verify(PATH, &other, 999).is_err());
        let cut = Signature { signature: given.signature[1..].to_owned(), ..given };
        assert!(signer.verify(PATH, &cut, 999).is_err());
    }
}
