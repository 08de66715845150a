//! Short-lived signed URLs, for players that cannot send headers.
//!
//! The signature is a keyed BLAKE3 hash over path, account, session and expiry. It is as good as
//! a bearer token for that one path: it expires soon, and it ends with its session.

use std::str::FromStr as _;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{AccountId, SessionId};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::ApiError;

/// Longest life of a signed URL, in seconds.
pub const LIFE_MAX_S: u64 = 60 * 60;

/// Makes and checks signatures. All servers of one service share the secrets.
#[derive(Clone)]
pub struct UrlSigner {
    /// The first signs; the others still verify.
    keys: Vec<[u8; 32]>,
}

/// What a signed URL carries in its query, all of it or nothing.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Signature {
    /// Of a signed URL: seconds since 1970.
    #[param(required = false)]
    pub expires: u64,
    /// Of a signed URL: who it was made for.
    #[param(required = false)]
    pub account: String,
    /// Of a signed URL: the session that it ends with.
    #[param(required = false)]
    pub session: String,
    /// The document tells of it as a way of signing in.
    #[param(ignore)]
    pub signature: String,
}

/// Who a signed URL was made for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bearer {
    pub account: AccountId,
    /// The session that the URL ends with.
    pub session: SessionId,
}

impl UrlSigner {
    /// `secrets` may serve other purposes too: the keys are derived from them for this one.
    pub fn new(secrets: &[[u8; 32]]) -> Self {
        let key = |secret| blake3::derive_key("MelodyUD 2026 signed stream URL", secret);
        Self { keys: secrets.iter().map(|secret| key(secret.as_slice())).collect() }
    }

    /// Path and query that let `bearer` read `path` until `expires_at_s`; `None` without a key.
    pub fn sign(&self, path: &str, bearer: Bearer, expires_at_s: u64) -> Option<String> {
        let mac = mac(self.keys.first()?, path, bearer, expires_at_s);
        let signature = URL_SAFE_NO_PAD.encode(mac.as_bytes());
        let Bearer { account, session } = bearer;
        Some(format!(
            "{path}?expires={expires_at_s}&account={account}&session={session}&signature={signature}"
        ))
    }

    /// Whose URL it is, where it is genuine and not expired.
    pub fn verify(&self, path: &str, given: &Signature, now_s: u64) -> Result<Bearer, ApiError> {
        let refused =
            || ApiError::unauthenticated("The signed URL is not genuine, or it has expired.");
        let bearer = Bearer {
            account: AccountId::from_str(&given.account).map_err(|_| refused())?,
            session: SessionId::from_str(&given.session).map_err(|_| refused())?,
        };
        let bytes = URL_SAFE_NO_PAD.decode(&given.signature).map_err(|_| refused())?;
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| refused())?;
        let signature = blake3::Hash::from(bytes);
        // Comparing `blake3::Hash` takes the same time wherever they differ.
        let is_genuine =
            self.keys.iter().any(|key| mac(key, path, bearer, given.expires) == signature);
        let is_fresh = given.expires > now_s && given.expires <= now_s.saturating_add(LIFE_MAX_S);
        if is_genuine && is_fresh { Ok(bearer) } else { Err(refused()) }
    }
}

fn mac(key: &[u8; 32], path: &str, bearer: Bearer, expires_at_s: u64) -> blake3::Hash {
    let Bearer { account, session } = bearer;
    blake3::keyed_hash(key, format!("{expires_at_s}\n{account}\n{session}\n{path}").as_bytes())
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
    fn a_signed_url_is_good_for_its_path_bearer_and_time_only() {
        let signer = UrlSigner::new(&[[7; 32]]);
        let bearer =
            Bearer { account: AccountId::new(1, [1; 10]), session: SessionId::new(1, [3; 10]) };
        let given = parts(&signer.sign(PATH, bearer, 1_000).unwrap());

        assert_eq!(signer.verify(PATH, &given, 999).unwrap(), bearer);
        assert!(signer.verify(PATH, &given, 1_000).is_err());
        assert!(signer.verify("/api/v1/tracks/b/stream", &given, 999).is_err());
        assert!(UrlSigner::new(&[[8; 32]]).verify(PATH, &given, 999).is_err());
        let longer = Signature { expires: 2_000, ..given.clone() };
        assert!(signer.verify(PATH, &longer, 999).is_err());
        let other = Signature { account: AccountId::new(1, [2; 10]).to_string(), ..given.clone() };
        assert!(signer.verify(PATH, &other, 999).is_err());
        let other = Signature { session: SessionId::new(1, [2; 10]).to_string(), ..given.clone() };
        assert!(signer.verify(PATH, &other, 999).is_err());
        let cut = Signature { signature: given.signature[1..].to_owned(), ..given };
        assert!(signer.verify(PATH, &cut, 999).is_err());
    }

    #[test]
    fn a_rotated_key_still_verifies() {
        let bearer =
            Bearer { account: AccountId::new(1, [1; 10]), session: SessionId::new(1, [3; 10]) };
        let given = parts(&UrlSigner::new(&[[7; 32]]).sign(PATH, bearer, 1_000).unwrap());
        assert!(UrlSigner::new(&[[8; 32], [7; 32]]).verify(PATH, &given, 999).is_ok());
    }
}
