//! Someone who vouches for persons: OpenID Connect Core 1.0, code flow with PKCE.
//!
//! Who it is, is known by its issuer alone; where its parts are, and the keys it signs with, it
//! says itself (OpenID Connect Discovery 1.0). It is asked when it is first needed, so that one
//! that is out of order keeps no server from starting.

mod outward;
mod settings;

use std::{collections::HashSet, error::Error as StdError, sync::Arc};

use chrono::DateTime;
use openidconnect::{
    AccessToken, AdditionalProviderMetadata, AuthType, AuthorizationCode, ClaimsVerificationError,
    ClientId, ClientSecret, CsrfToken, EndUserEmail, EndUserName, EndpointMaybeSet, EndpointNotSet,
    EndpointSet, IssuerUrl, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge, PkceCodeVerifier,
    ProviderMetadata, RedirectUrl, Scope, SignatureVerificationError, SubjectIdentifier,
    TokenResponse as _,
    core::{
        CoreAuthDisplay, CoreAuthenticationFlow, CoreClaimName, CoreClaimType, CoreClient,
        CoreClientAuthMethod, CoreGrantType, CoreIdToken, CoreIdTokenClaims, CoreJsonWebKey,
        CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreJwsSigningAlgorithm,
        CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType, CoreUserInfoClaims,
    },
};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

pub use self::{
    outward::Outward,
    settings::{ProviderSettings, ProviderSettingsError, check_all},
};
/// What a provider said of itself is believed for so long: an hour.
const METADATA_LIFE_US: i64 = 60 * 60 * 1_000_000;

/// Of names of persons, in characters.
const NAME_CHARS_MAX: usize = 80;

/// Of what is random.
const SECRET_BYTES: u32 = 32;

/// Signatures that only the provider can make. Those with a shared secret are not among them, nor
/// is `none`.
const ALGORITHMS: &[CoreJwsSigningAlgorithm] = &[
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// What a provider says beyond OpenID Connect Discovery.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Extra {
    /// RFC 9207, section 3.
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for Extra {}

type Metadata = ProviderMetadata<
    Extra,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// One provider, as it is configured and as it describes itself.
pub struct Provider {
    pub settings: ProviderSettings,
    issuer: IssuerUrl,
    redirect_uri: RedirectUrl,
    known: Mutex<Option<Known>>,
}

#[derive(Clone)]
struct Known {
    at_us: i64,
    metadata: Arc<Metadata>,
}

/// The provider is of no help.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    #[error("a provider does not describe itself as it should")]
    Discovery(#[source] Box<dyn StdError + Send + Sync>),

    #[error("a provider does not take its code")]
    Exchange(#[source] Box<dyn StdError + Send + Sync>),

    #[error("a provider gives no ID token")]
    NoIdToken,

    #[error("the ID token of a provider is not good")]
    IdToken(#[source] ClaimsVerificationError),

    #[error("a provider does not tell of the person")]
    UserInfo(#[source] Box<dyn StdError + Send + Sync>),

    #[error("the answer of a provider names another issuer, or none")]
    Issuer,
}

/// A sign-in that has begun.
pub struct Begun {
    /// For the browser.
    pub url: String,
    /// Comes back with it.
    pub state: String,
    pub secrets: Secrets,
}

/// What binds the end of a sign-in to its beginning. The browser never sees it whole.
#[derive(Clone, Serialize, Deserialize)]
pub struct Secrets {
    nonce: String,
    pkce_verifier: String,
}

/// For whom a provider vouches.
#[derive(Debug)]
pub struct Person {
    /// Stands for the provider's own word for the person, which is to be kept nowhere. It belongs
    /// to the issuer: whoever is behind a provider's id tomorrow does not get today's persons.
    pub subject_hash: String,
    /// Only where the provider verified it.
    pub email: Option<String>,
    pub name: Option<String>,
}

impl Provider {
    /// `public_url` is where the provider's answer comes back to.
    pub fn new(
        settings: ProviderSettings,
        public_url: &str,
    ) -> Result<Self, ProviderSettingsError> {
        let back = format!("{public_url}/api/v1/oidc/{}/callback", settings.id);
        Ok(Self {
            issuer: settings.issuer_url()?,
            redirect_uri: RedirectUrl::new(back)
                .map_err(|_| ProviderSettingsError::of(&settings, "is not reachable by a URL"))?,
            settings,
            known: Mutex::new(None),
        })
    }

    pub async fn begin(&self, outward: &Outward, now_us: i64) -> Result<Begun, ProviderError> {
        let metadata = self.metadata(outward, now_us, METADATA_LIFE_US).await?;
        let (pkce_challenge, pkce_verifier) = PkceCodeChallenge::new_random_sha256();
        let client = self.client(&metadata);
        let asked = client.authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            || CsrfToken::new_random_len(SECRET_BYTES),
            || Nonce::new_random_len(SECRET_BYTES),
        );
        // `openid` is there already.
        let scopes = self.settings.scopes.iter().filter(|scope| *scope != "openid");
        let (url, state, nonce) = asked
            .add_scopes(scopes.cloned().map(Scope::new))
            .set_pkce_challenge(pkce_challenge)
            .url();
        Ok(Begun {
            url: url.into(),
            state: state.secret().clone(),
            secrets: Secrets {
                nonce: nonce.secret().clone(),
                pkce_verifier: pkce_verifier.secret().clone(),
            },
        })
    }

    /// Refuses an answer of someone else's (RFC 9207, section 2.4).
    pub async fn check_issuer(
        &self,
        outward: &Outward,
        named: Option<&str>,
        now_us: i64,
    ) -> Result<(), ProviderError> {
        let is_ours = if let Some(issuer) = named {
            issuer == self.issuer.as_str()
        } else {
            let metadata = self.metadata(outward, now_us, METADATA_LIFE_US).await?;
            !metadata.additional_metadata().authorization_response_iss_parameter_supported
        };
        if is_ours { Ok(()) } else { Err(ProviderError::Issuer) }
    }

    /// Trades the code for who the person is.
    pub async fn finish(
        &self,
        outward: &Outward,
        code: String,
        secrets: &Secrets,
        now_us: i64,
    ) -> Result<Person, ProviderError> {
        let metadata = self.metadata(outward, now_us, METADATA_LIFE_US).await?;
        let client = self.client(&metadata);
        let tokens = client
            .exchange_code(AuthorizationCode::new(code))
            .map_err(|error| ProviderError::Exchange(error.into()))?
            .set_pkce_verifier(PkceCodeVerifier::new(secrets.pkce_verifier.clone()))
            .request_async(outward)
            .await
            .map_err(|error| ProviderError::Exchange(error.into()))?;
        let id_token = tokens.id_token().ok_or(ProviderError::NoIdToken)?;
        let nonce = Nonce::new(secrets.nonce.clone());
        let claims = match self.claims(&metadata, id_token, &nonce, now_us) {
            Err(ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey,
            )) => {
                // It may have a new key since.
                let metadata = self.metadata(outward, now_us, 0).await?;
                self.claims(&metadata, id_token, &nonce, now_us)
            }
            claims => claims,
        };
        let claims = claims.map_err(ProviderError::IdToken)?;
        let subject = claims.subject().clone();
        if claims.email().is_some() || client.user_info_url().is_none() {
            let name = claims.name().and_then(|name| name.get(None));
            return Ok(self.person(&subject, claims.email(), claims.email_verified(), name));
        }
        let access = tokens.access_token().clone();
        let told = Self::user_info(&client, outward, access, subject.clone()).await?;
        let name = told.name().and_then(|name| name.get(None));
        Ok(self.person(&subject, told.email(), told.email_verified(), name))
    }

    async fn user_info(
        client: &Client,
        outward: &Outward,
        access: AccessToken,
        subject: SubjectIdentifier,
    ) -> Result<CoreUserInfoClaims, ProviderError> {
        client
            .user_info(access, Some(subject))
            .map_err(|error| ProviderError::UserInfo(error.into()))?
            .request_async(outward)
            .await
            .map_err(|error| ProviderError::UserInfo(error.into()))
    }

    /// Signature, issuer, audience, nonce and expiry (OpenID Connect Core 1.0, section 3.1.3.7).
    fn claims(
        &self,
        metadata: &Metadata,
        id_token: &CoreIdToken,
        nonce: &Nonce,
        now_us: i64,
    ) -> Result<CoreIdTokenClaims, ClaimsVerificationError> {
        let client = self.client(metadata);
        let offered: HashSet<_> = metadata.id_token_signing_alg_values_supported().iter().collect();
        let allowed = ALGORITHMS.iter().filter(|algorithm| offered.contains(algorithm)).cloned();
        let verifier = client
            .id_token_verifier()
            .set_allowed_algs(allowed)
            .set_other_audience_verifier_fn(|_| false)
            .set_time_fn(move || DateTime::from_timestamp_micros(now_us).unwrap_or_default());
        id_token.claims(&verifier, nonce).cloned()
    }

    fn person(
        &self,
        subject: &SubjectIdentifier,
        email: Option<&EndUserEmail>,
        is_email_verified: Option<bool>,
        name: Option<&EndUserName>,
    ) -> Person {
        let is_name = |name: &&str| {
            !name.is_empty()
                && name.chars().count() <= NAME_CHARS_MAX
                && !name.chars().any(char::is_control)
        };
        Person {
            subject_hash: subject_hash(self.issuer.as_str(), subject.as_str()),
            email: email.filter(|_| is_email_verified == Some(true)).map(|email| email.to_string()),
            name: name.map(|name| name.trim()).filter(is_name).map(str::to_owned),
        }
    }

    fn client(&self, metadata: &Metadata) -> Client {
        let client = CoreClient::from_provider_metadata(
            metadata.clone(),
            ClientId::new(self.settings.client_id.clone()),
            self.settings.client_secret.clone().map(ClientSecret::new),
        );
        let takes = metadata.token_endpoint_auth_methods_supported();
        // What is not said is `client_secret_basic` (OpenID Connect Discovery 1.0, section 3).
        let is_basic = takes.is_none_or(|methods| {
            methods.contains(&CoreClientAuthMethod::ClientSecretBasic)
                || !methods.contains(&CoreClientAuthMethod::ClientSecretPost)
        });
        client.set_redirect_uri(self.redirect_uri.clone()).set_auth_type(if is_basic {
            AuthType::BasicAuth
        } else {
            AuthType::RequestBody
        })
    }

    /// What the provider says of itself, no older than `life_us`. Whoever comes meanwhile waits
    /// for the one who asks.
    async fn metadata(
        &self,
        outward: &Outward,
        now_us: i64,
        life_us: i64,
    ) -> Result<Arc<Metadata>, ProviderError> {
        let mut known = self.known.lock().await;
        if let Some(known) = known.as_ref().filter(|known| now_us - known.at_us < life_us) {
            return Ok(known.metadata.clone());
        }
        let metadata = Metadata::discover_async(self.issuer.clone(), outward)
            .await
            .map_err(|error| ProviderError::Discovery(error.into()))?;
        let to_browser = metadata.authorization_endpoint().url();
        if !outward::is_allowed(to_browser) {
            let message = format!("{to_browser} is neither https nor of this machine");
            return Err(ProviderError::Discovery(message.into()));
        }
        let metadata = Arc::new(metadata);
        *known = Some(Known { at_us: now_us, metadata: metadata.clone() });
        Ok(metadata)
    }
}

fn subject_hash(issuer: &str, subject: &str) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("melodyud vouch 2026-11 subject of an issuer");
    hasher.update(&(issuer.len() as u64).to_le_bytes());
    hasher.update(issuer.as_bytes());
    hasher.update(subject.as_bytes());
    hasher.finalize().to_hex().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn persons_of_two_issuers_are_two() {
        let one = subject_hash("https://a.example", "7");
        assert_eq!(one, subject_hash("https://a.example", "7"));
        assert_ne!(one, subject_hash("https://b.example", "7"));
        assert_ne!(one, subject_hash("https://a.exampl", "e7"));
    }
}
