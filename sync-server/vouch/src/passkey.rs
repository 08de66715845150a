//! Passkeys as WebAuthn Level 3 has them: discoverable credentials with user verification, so that
//! one gesture shows both what a person has and what they know or are.
//!
//! Verified by `webauthn_rp`: in pure Rust, without openssl, which `webauthn-rs` needs, and with
//! ceremonies that can wait in a database. Attestation is not asked for: which make of
//! authenticator a person has is nobody's business here.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::AccountId;
use serde_json::Value;
use url::{Host, Url};
use webauthn_rp::{
    AuthenticatedCredential, DiscoverableAuthentication16, DiscoverableAuthenticationServerState,
    DiscoverableCredentialRequestOptions, PublicKeyCredentialCreationOptions, Registration,
    RegistrationServerState,
    bin::{Decode, Encode},
    request::{
        AsciiDomain, PublicKeyCredentialDescriptor, RpId,
        auth::{AuthenticationVerificationOptions, SignatureCounterEnforcement},
        register::{
            CredProtect, PublicKeyCredentialUserEntity, RegistrationVerificationOptions,
            UserHandle16, Username,
        },
    },
    response::{
        AuthTransports, CredentialId,
        auth::error::AuthCeremonyErr,
        register::{DynamicState, StaticState},
    },
};

/// Where passkeys belong to: browsers give them to no other.
pub struct Passkeys {
    home: String,
    rp_id: RpId,
    /// One: what `navigator.credentials` was called from.
    origins: [String; 1],
}

/// A passkey that an authenticator made.
#[derive(Debug)]
pub struct Made {
    pub credential_id: String,
    /// Never changes.
    pub key: String,
    /// The counter and what else changes by use.
    pub state: String,
}

/// What an authenticator signed, not verified yet.
pub struct Shown {
    pub account: AccountId,
    pub credential_id: String,
    authentication: DiscoverableAuthentication16,
}

/// Whose passkey is made, as the authenticator shows it.
#[derive(Clone, Copy)]
pub struct UserEntity<'a> {
    pub account: AccountId,
    pub name: &'a str,
    pub display_name: &'a str,
}

/// Why a passkey does not sign in.
#[derive(Debug)]
pub enum Unverified {
    /// Its counter did not go on: two devices have the key.
    Cloned,
    Bad(String),
}

#[derive(Debug, thiserror::Error)]
pub enum PasskeyError {
    #[error("passkeys cannot belong to {url:?}")]
    Home { url: String },

    #[error("a ceremony with an authenticator cannot begin")]
    Begin,

    #[error("a stored passkey is not readable")]
    Stored,

    /// The answer of an authenticator cannot be taken.
    #[error("{0}")]
    Refused(String),
}

impl Passkeys {
    /// An IP address cannot have passkeys; `localhost` can.
    pub fn new(public_url: &str) -> Result<Self, PasskeyError> {
        let refuse = || PasskeyError::Home { url: public_url.to_owned() };
        let mut home = Url::parse(public_url).map_err(|_| refuse())?;
        if !matches!(home.host(), Some(Host::Domain(_))) {
            home.set_host(Some("localhost")).map_err(|_| refuse())?;
        }
        let domain = home.host_str().map(str::to_owned).ok_or_else(refuse)?;
        let domain = AsciiDomain::try_from(domain).map_err(|_| refuse())?;
        Ok(Self {
            rp_id: RpId::Domain(domain),
            origins: [home.origin().ascii_serialization()],
            home: home.as_str().trim_end_matches('/').to_owned(),
        })
    }

    /// Where the pages with passkeys are reached, without a slash at the end.
    pub fn home(&self) -> &str {
        &self.home
    }

    /// What `navigator.credentials.create` takes, and what its answer is verified against.
    pub fn register_start(
        &self,
        user: UserEntity<'_>,
        known: &[String],
    ) -> Result<(Value, String), PasskeyError> {
        let handle = handle(user.account);
        let id = user.account.to_string();
        // A name of which no canonical form exists is not shown by the authenticator.
        let name = Username::try_from(user.name);
        let user = PublicKeyCredentialUserEntity {
            name: name
                .or_else(|_| Username::try_from(id.as_str()))
                .map_err(|_| PasskeyError::Begin)?,
            id: &handle,
            display_name: user.display_name.try_into().ok(),
        };
        let excluded = known.iter().map(|id| {
            let id = decode(id).and_then(|id| CredentialId::<Vec<u8>>::decode(id).ok());
            let id = id.ok_or(PasskeyError::Stored)?;
            // None: however the browser reaches it.
            let transports = AuthTransports::decode(0).map_err(|_| PasskeyError::Begin)?;
            Ok(PublicKeyCredentialDescriptor { id, transports })
        });
        let excluded = excluded.collect::<Result<_, PasskeyError>>()?;
        let mut options = PublicKeyCredentialCreationOptions::passkey(&self.rp_id, user, excluded);
        // Platforms without the extension refuse where it is enforced, and the person is verified in
        // any case.
        options.extensions.cred_protect = CredProtect::None;
        let (state, options) = options.start_ceremony().map_err(|_| PasskeyError::Begin)?;
        let state = state.encode().map_err(|_| PasskeyError::Begin)?;
        Ok((serde_json::to_value(&options).map_err(|_| PasskeyError::Begin)?, encode(&state)))
    }

    /// Verifies what `navigator.credentials.create` answered.
    pub fn register_finish(
        &self,
        account: AccountId,
        state: &str,
        credential: &Value,
    ) -> Result<Made, PasskeyError> {
        let state = decode(state)
            .and_then(|bytes| RegistrationServerState::<16>::decode(&bytes).ok())
            .ok_or_else(|| PasskeyError::Refused("the ceremony is not readable".to_owned()))?;
        let answer = Registration::from_json_relaxed(&bytes(credential)).map_err(refused)?;
        let options = RegistrationVerificationOptions::<String, String> {
            allowed_origins: &self.origins,
            // Authenticators may tell more than they were asked (WebAuthn Level 3, section 7.1).
            error_on_unsolicited_extensions: false,
            ..RegistrationVerificationOptions::default()
        };
        let made = state.verify(&self.rp_id, &answer, &options).map_err(refused)?;
        if *made.user_id() != handle(account) {
            return Err(PasskeyError::Refused("it is someone else's".to_owned()));
        }
        let (Ok(key), Ok(state)) = (made.static_state().encode(), made.dynamic_state().encode());
        Ok(Made {
            credential_id: encode(made.id().as_ref()),
            key: encode(&key),
            state: encode(&state),
        })
    }

    /// What `navigator.credentials.get` takes, and what its answer is verified against.
    pub fn sign_in_start(&self) -> Result<(Value, String), PasskeyError> {
        let options = DiscoverableCredentialRequestOptions::passkey(&self.rp_id);
        let (state, options) = options.start_ceremony().map_err(|_| PasskeyError::Begin)?;
        let state = state.encode().map_err(|_| PasskeyError::Begin)?;
        Ok((serde_json::to_value(&options).map_err(|_| PasskeyError::Begin)?, encode(&state)))
    }

    /// Whose passkey it claims to be.
    pub fn read(&self, credential: &Value) -> Result<Shown, PasskeyError> {
        let authentication = DiscoverableAuthentication16::from_json_relaxed(&bytes(credential));
        let authentication = authentication.map_err(refused)?;
        let Ok(handle) = authentication.response().user_handle().encode();
        Ok(Shown {
            account: AccountId::from_uuid(uuid::Uuid::from_bytes(handle)),
            credential_id: encode(authentication.raw_id().as_ref()),
            authentication,
        })
    }

    /// Verifies what `navigator.credentials.get` answered; answers with the state after this use.
    pub fn sign_in_finish(
        &self,
        state: &str,
        shown: &Shown,
        key: &str,
        before: &str,
    ) -> Result<String, Unverified> {
        let unreadable = |what: &str| Unverified::Bad(format!("{what} is not readable"));
        let state = decode(state)
            .and_then(|bytes| DiscoverableAuthenticationServerState::decode(&bytes).ok())
            .ok_or_else(|| unreadable("the ceremony"))?;
        let handle = handle(shown.account);
        let id = decode(&shown.credential_id).ok_or_else(|| unreadable("the id"))?;
        let key = decode(key).and_then(|bytes| StaticState::decode(&bytes).ok());
        let before = decode(before)
            .and_then(|bytes| <[u8; 7]>::try_from(bytes).ok())
            .and_then(|bytes| DynamicState::decode(bytes).ok());
        let mut passkey = AuthenticatedCredential::new(
            CredentialId::<&[u8]>::decode(&id).map_err(|_| unreadable("the id"))?,
            &handle,
            key.ok_or_else(|| unreadable("the key"))?,
            before.ok_or_else(|| unreadable("the counter"))?,
        )
        .map_err(|error| Unverified::Bad(error.to_string()))?;
        let options = AuthenticationVerificationOptions::<String, String> {
            allowed_origins: &self.origins,
            error_on_unsolicited_extensions: false,
            sig_counter_enforcement: SignatureCounterEnforcement::Fail,
            ..AuthenticationVerificationOptions::default()
        };
        match state.verify(&self.rp_id, &shown.authentication, &mut passkey, &options) {
            Ok(_) => {
                let Ok(after) = passkey.dynamic_state().encode();
                Ok(encode(&after))
            }
            Err(AuthCeremonyErr::SignatureCounter) => Err(Unverified::Cloned),
            Err(error) => Err(Unverified::Bad(error.to_string())),
        }
    }
}

/// What authenticators keep of the account: it says nothing of the person.
fn handle(account: AccountId) -> UserHandle16 {
    let Ok(handle) = UserHandle16::decode(account.uuid().into_bytes());
    handle
}

fn bytes(credential: &Value) -> Vec<u8> {
    credential.to_string().into_bytes()
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

fn refused(error: impl ToString) -> PasskeyError {
    PasskeyError::Refused(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_live_at_a_name() {
        for (url, home) in [
            ("https://music.example", "https://music.example"),
            ("https://music.example:8443/sub", "https://music.example:8443/sub"),
            ("http://localhost:4600", "http://localhost:4600"),
            ("http://127.0.0.1:4600", "http://localhost:4600"),
            ("http://[::1]:4600", "http://localhost:4600"),
        ] {
            assert_eq!(Passkeys::new(url).unwrap().home(), home, "{url}");
        }
        assert!(Passkeys::new("no address").is_err());
    }

    #[test]
    fn what_no_authenticator_says_is_refused() {
        let passkeys = Passkeys::new("https://music.example").unwrap();
        for nonsense in [Value::Null, serde_json::json!({}), serde_json::json!({ "id": "x" })] {
            assert!(passkeys.read(&nonsense).is_err());
            let account = AccountId::new(1, [1; 10]);
            assert!(passkeys.register_finish(account, "AAAA", &nonsense).is_err());
        }
    }
}
