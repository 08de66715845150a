//! The keys that sign and verify access tokens (EdDSA, RFC 8037).

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, PoisonError, RwLock},
};

use domain::{AccountId, DeviceId, Role, SessionId, plan::Tier};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation,
    jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash},
};
use serde::{Deserialize, Serialize};

use super::{Claims, genuine::Genuine};
use crate::{
    ApiError,
    signed_url::{self, Bearer, Signature, UrlSigner},
};

/// Life of an access token: 10 minutes.
pub const ACCESS_TOKEN_LIFE_S: u64 = 600;

/// Who signs, and for whom.
const ISSUER: &str = "melodyud";

/// Far above any token of ours; nothing longer is looked at.
const TOKEN_BYTES_MAX: usize = 4096;

/// Life of whatever was signed for a session: access tokens and URLs.
pub const SIGNED_LIFE_MAX_S: u64 = if ACCESS_TOKEN_LIFE_S > signed_url::LIFE_MAX_S {
    ACCESS_TOKEN_LIFE_S
} else {
    signed_url::LIFE_MAX_S
};

/// Sessions remembered as ended, and accounts with other roles. Far more than there are within the
/// life of what was signed for them; if that many do, the rest of that life is left to wait.
const REMEMBERED_MAX: usize = 100_000;

/// What stands before the 32 bytes of an Ed25519 seed in PKCS #8 DER (RFC 8410, section 7).
const PKCS8_PREFIX: [u8; 16] =
    [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    #[error("there is no signing key")]
    None,

    #[error("a signing key is not usable")]
    Unusable(#[from] jsonwebtoken::errors::Error),
}

/// Signs with one key, verifies with all. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Keys(Arc<Inner>);

struct Inner {
    ring: RwLock<Arc<Ring>>,
    /// Sessions that ended while tokens or URLs of theirs may be good, with the end of those
    /// (seconds since 1970).
    ended: RwLock<HashMap<SessionId, u64>>,
    /// Accounts whose roles changed while tokens that say otherwise may be good, with the version
    /// of their roles and the end of those.
    roles: RwLock<HashMap<AccountId, (u32, u64)>>,
}

/// The keys of one time.
struct Ring {
    signing: EncodingKey,
    header: Header,
    verifying: Vec<(String, DecodingKey)>,
    jwks: JwkSet,
    urls: UrlSigner,
    /// Genuine tokens that were verified before: checking a signature takes longer than all the
    /// rest of a small request. They go with the keys they were verified with.
    genuine: Genuine,
}

/// The claims as they stand in the token (RFC 7519, section 4.1).
#[derive(Serialize, Deserialize)]
struct Token {
    iss: String,
    aud: String,
    sub: AccountId,
    sid: SessionId,
    device: DeviceId,
    tier: Tier,
    roles: Vec<Role>,
    roles_version: u32,
    /// Absent in tokens from before it was told.
    #[serde(default)]
    auth_time: u64,
    iat: u64,
    exp: u64,
}

impl Keys {
    /// From Ed25519 seeds. The first signs; the rest only verify, until the tokens they
    /// signed have expired.
    pub fn from_seeds(seeds: &[[u8; 32]]) -> Result<Self, KeysError> {
        Ok(Self(Arc::new(Inner {
            ring: RwLock::new(Arc::new(Ring::new(seeds)?)),
            ended: RwLock::default(),
            roles: RwLock::default(),
        })))
    }

    /// Takes other seeds from now on, in all clones.
    pub fn replace(&self, seeds: &[[u8; 32]]) -> Result<(), KeysError> {
        let ring = Arc::new(Ring::new(seeds)?);
        *self.0.ring.write().unwrap_or_else(PoisonError::into_inner) = ring;
        Ok(())
    }

    /// An access token that says `claims`.
    pub fn sign(&self, claims: &Claims, now_s: u64) -> Result<String, ApiError> {
        let token = Token {
            iss: ISSUER.to_owned(),
            aud: ISSUER.to_owned(),
            sub: claims.account,
            sid: claims.session,
            device: claims.device,
            tier: claims.tier,
            roles: claims.roles.clone(),
            roles_version: claims.roles_version,
            auth_time: claims.authenticated_at_s,
            iat: now_s,
            exp: claims.expires_at_s,
        };
        let ring = self.ring();
        jsonwebtoken::encode(&ring.header, &token, &ring.signing).map_err(ApiError::internal)
    }

    /// What a genuine token says that has not expired.
    pub fn verify(&self, token: &str) -> Result<Claims, ApiError> {
        let refused = || ApiError::unauthenticated("The access token is not good, or it expired.");
        if token.len() > TOKEN_BYTES_MAX {
            return Err(refused());
        }
        let ring = self.ring();
        let claims = if let Some(claims) = ring.genuine.find(token) {
            claims
        } else {
            let claims = ring.check(token).ok_or_else(refused)?;
            ring.genuine.keep(token, &claims);
            claims
        };
        self.check_session(claims.session)?;
        self.check_roles(claims.account, claims.roles_version)?;
        Ok(claims)
    }

    /// A URL of `path` for a player that cannot send headers, and when it expires (seconds since
    /// 1970).
    pub fn sign_url(
        &self,
        path: &str,
        claims: &Claims,
        now_s: u64,
    ) -> Result<(String, u64), ApiError> {
        let bearer = Bearer { account: claims.account, session: claims.session };
        let expires_at_s = now_s + signed_url::LIFE_MAX_S;
        let url = self.ring().urls.sign(path, bearer, expires_at_s);
        let url = url.ok_or_else(|| ApiError::internal("there is no key to sign URLs with"))?;
        Ok((url, expires_at_s))
    }

    /// Whose a signed URL of `path` is, where it is genuine, fresh, and of a session that lives.
    pub fn verify_url(
        &self,
        path: &str,
        given: &Signature,
        now_s: u64,
    ) -> Result<AccountId, ApiError> {
        let bearer = self.ring().urls.verify(path, given, now_s)?;
        self.check_session(bearer.session)?;
        Ok(bearer.account)
    }

    /// Refuses what was signed for a session from now on, in this process; other processes take
    /// it until it expires.
    pub fn end_session(&self, session: SessionId, now_s: u64) {
        remember(&self.0.ended, session, now_s + SIGNED_LIFE_MAX_S, |ends_s| *ends_s > now_s);
    }

    /// Refuses tokens with an older version of an account's roles from now on, in this process;
    /// other processes take them until they expire. Whoever is refused refreshes and goes on.
    pub fn change_roles(&self, account: AccountId, version: u32, now_s: u64) {
        let until = (version, now_s + ACCESS_TOKEN_LIFE_S);
        remember(&self.0.roles, account, until, |(_, ends_s)| *ends_s > now_s);
    }

    /// The public keys (RFC 7517), for whoever verifies tokens elsewhere.
    pub fn jwks(&self) -> JwkSet {
        self.ring().jwks.clone()
    }

    fn ring(&self) -> Arc<Ring> {
        Arc::clone(&self.0.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn check_session(&self, session: SessionId) -> Result<(), ApiError> {
        let ended = self.0.ended.read().unwrap_or_else(PoisonError::into_inner);
        if ended.contains_key(&session) {
            return Err(ApiError::unauthenticated("The session has ended."));
        }
        Ok(())
    }

    fn check_roles(&self, account: AccountId, version: u32) -> Result<(), ApiError> {
        let roles = self.0.roles.read().unwrap_or_else(PoisonError::into_inner);
        if roles.get(&account).is_some_and(|(latest, _)| version < *latest) {
            return Err(ApiError::unauthenticated("The roles of the account have changed."));
        }
        Ok(())
    }
}

impl Ring {
    fn new(seeds: &[[u8; 32]]) -> Result<Self, KeysError> {
        let first = seeds.first().ok_or(KeysError::None)?;
        let jwks: Vec<Jwk> = seeds.iter().map(public_key).collect::<Result<_, _>>()?;
        let verifying = jwks
            .iter()
            .map(|jwk| {
                let key_id = jwk.common.key_id.clone().unwrap_or_default();
                Ok((key_id, DecodingKey::from_jwk(jwk)?))
            })
            .collect::<Result<_, KeysError>>()?;
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid.clone_from(&jwks[0].common.key_id);
        Ok(Self {
            signing: signing_key(first),
            header,
            verifying,
            jwks: JwkSet { keys: jwks },
            urls: UrlSigner::new(seeds),
            genuine: Genuine::default(),
        })
    }

    /// What a token says whose signature is good and whose time has not passed.
    fn check(&self, token: &str) -> Option<Claims> {
        let key_id = jsonwebtoken::decode_header(token).ok()?.kid;
        let (_, key) = self.verifying.iter().find(|(id, _)| Some(id) == key_id.as_ref())?;
        let token = jsonwebtoken::decode::<Token>(token, key, &rules()).ok()?.claims;
        Some(Claims {
            account: token.sub,
            session: token.sid,
            device: token.device,
            tier: token.tier,
            roles: token.roles,
            roles_version: token.roles_version,
            authenticated_at_s: token.auth_time,
            expires_at_s: token.exp,
        })
    }
}

/// What a token must hold to.
fn rules() -> Validation {
    let mut rules = Validation::new(Algorithm::EdDSA);
    rules.set_issuer(&[ISSUER]);
    rules.set_audience(&[ISSUER]);
    rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    rules.leeway = 0;
    rules
}

/// Puts a value in its place, within [`REMEMBERED_MAX`]; what is over goes first.
fn remember<K: Hash + Eq, V>(
    map: &RwLock<HashMap<K, V>>,
    key: K,
    value: V,
    is_needed: impl Fn(&V) -> bool,
) {
    let mut map = map.write().unwrap_or_else(PoisonError::into_inner);
    if map.len() >= REMEMBERED_MAX {
        map.retain(|_, value| is_needed(value));
    }
    if map.len() < REMEMBERED_MAX || map.contains_key(&key) {
        map.insert(key, value);
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").field("n_keys", &self.ring().verifying.len()).finish_non_exhaustive()
    }
}

fn signing_key(seed: &[u8; 32]) -> EncodingKey {
    EncodingKey::from_ed_der(&[&PKCS8_PREFIX[..], seed].concat())
}

fn public_key(seed: &[u8; 32]) -> Result<Jwk, jsonwebtoken::errors::Error> {
    let mut jwk = Jwk::from_encoding_key(&signing_key(seed), Algorithm::EdDSA)?;
    // The id of a key is its thumbprint (RFC 7638): nobody has to hand out names.
    jwk.common.key_id = Some(jwk.thumbprint(ThumbprintHash::SHA256)?);
    jwk.common.public_key_use = Some(PublicKeyUse::Signature);
    Ok(jwk)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER_S: u64 = 4_000_000_000;

    fn claims(expires_at_s: u64) -> Claims {
        Claims {
            account: AccountId::new(1, [1; 10]),
            session: SessionId::new(2, [2; 10]),
            device: DeviceId::new(3, [3; 10]),
            tier: Tier::Premium,
            roles: vec![Role::Listener, Role::Owner],
            roles_version: 2,
            authenticated_at_s: 7,
            expires_at_s,
        }
    }

    #[test]
    fn a_token_says_what_was_signed_until_it_expires() {
        let keys = Keys::from_seeds(&[[1; 32]]).unwrap();
        let token = keys.sign(&claims(NEVER_S), 0).unwrap();
        assert_eq!(keys.verify(&token).unwrap(), claims(NEVER_S));
        assert_eq!(keys.verify(&token).unwrap(), claims(NEVER_S), "again, from memory");
        let expired = keys.sign(&claims(1_000), 0).unwrap();
        assert_eq!(keys.verify(&expired).unwrap_err().status, 401);
    }

    #[test]
    fn tokens_of_an_ended_session_are_refused_at_once() {
        let keys = Keys::from_seeds(&[[1; 32]]).unwrap();
        let token = keys.sign(&claims(NEVER_S), 0).unwrap();
        keys.clone().end_session(SessionId::new(2, [2; 10]), 0);
        assert_eq!(keys.verify(&token).unwrap_err().status, 401);
    }

    #[test]
    fn tokens_with_older_roles_are_refused_at_once() {
        let keys = Keys::from_seeds(&[[1; 32]]).unwrap();
        let token = keys.sign(&claims(NEVER_S), 0).unwrap();
        let account = claims(NEVER_S).account;
        keys.change_roles(account, 2, 0);
        assert!(keys.verify(&token).is_ok(), "these are the latest roles");
        keys.change_roles(account, 3, 0);
        assert_eq!(keys.verify(&token).unwrap_err().status, 401);
        let fresh = Claims { roles_version: 3, roles: vec![Role::Listener], ..claims(NEVER_S) };
        assert!(keys.verify(&keys.sign(&fresh, 0).unwrap()).is_ok());
    }

    #[test]
    fn keys_are_replaced_while_they_are_in_use() {
        let keys = Keys::from_seeds(&[[1; 32]]).unwrap();
        let edge = keys.clone();
        let old = keys.sign(&claims(NEVER_S), 0).unwrap();
        keys.replace(&[[2; 32], [1; 32]]).unwrap();
        let new = keys.sign(&claims(NEVER_S), 0).unwrap();
        assert!(edge.verify(&old).is_ok() && edge.verify(&new).is_ok());
        keys.replace(&[[2; 32]]).unwrap();
        assert!(edge.verify(&old).is_err() && edge.verify(&new).is_ok());
        assert!(keys.replace(&[]).is_err());
        assert!(edge.verify(&new).is_ok(), "what cannot be used changes nothing");
    }

    #[test]
    fn keys_rotate_while_old_tokens_stay_good() {
        let old = Keys::from_seeds(&[[1; 32]]).unwrap();
        let new = Keys::from_seeds(&[[2; 32], [1; 32]]).unwrap();
        let token = old.sign(&claims(NEVER_S), 0).unwrap();
        assert!(new.verify(&token).is_ok());
        let token = new.sign(&claims(NEVER_S), 0).unwrap();
        assert!(old.verify(&token).is_err());
        assert_eq!(new.jwks().keys.len(), 2);
    }

    #[test]
    fn forged_tokens_are_refused() {
        let keys = Keys::from_seeds(&[[1; 32]]).unwrap();
        let token = keys.sign(&claims(NEVER_S), 0).unwrap();
        let (head, rest) = token.split_once('.').unwrap();
        let (body, signature) = rest.split_once('.').unwrap();
        // `{"typ":"JWT","alg":"none","kid":..}` and HS256 with the public key are the classics.
        let kid = keys.jwks().keys[0].common.key_id.clone().unwrap();
        let none = base64::Engine::encode(
            &base64::engine::general_purpose::URL_SAFE_NO_PAD,
            format!(r#"{{"typ":"JWT","alg":"none","kid":"{kid}"}}"#),
        );
        let public = serde_json::to_vec(&keys.jwks().keys[0]).unwrap();
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(kid);
        let confused = jsonwebtoken::encode(
            &header,
            &serde_json::json!({ "exp": NEVER_S }),
            &EncodingKey::from_secret(&public),
        )
        .unwrap();
        let forgeries = [
            String::new(),
            "a.b.c".to_owned(),
            format!("{head}.{body}."),
            format!("{none}.{body}."),
            format!("{head}.{body}x.{signature}"),
            confused,
            "x".repeat(TOKEN_BYTES_MAX + 1),
        ];
        for forged in forgeries {
            assert_eq!(keys.verify(&forged).unwrap_err().status, 401, "{forged}");
        }
    }
}
