//! Signing in by the system browser: at a provider (OpenID Connect), or with a passkey
//! (WebAuthn) on a page of this server. Either way the app gets a code at its loopback address
//! (RFC 8252), good once and for the app alone that began it (PKCE, RFC 7636).

use domain::{DeviceId, ids::PasskeyId};
use serde::{Deserialize, Serialize};

/// Answer of `sign_in_options`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SignInOptions {
    /// In the order in which they are shown.
    pub providers: Vec<Provider>,
    /// The page to open for a passkey; the query of [`Loopback`] belongs behind it. With the fragment
    /// `#second-step` it offers passkeys alone, for whoever was asked for one after the password.
    pub page: String,
}

/// Someone who vouches for persons.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Provider {
    /// Part of paths: lower case letters, digits and `-`.
    pub id: String,
    /// For people.
    pub name: String,
}

/// Where the browser brings the answer: an app's own address on its machine.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams))]
#[cfg_attr(feature = "openapi", into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub struct Loopback {
    /// `http://127.0.0.1:PORT/..` or `http://[::1]:PORT/..`; the answer comes as `code` and `state`,
    /// or `error` and `state`, in its query. Errors are `access_denied`, `unverified_email`,
    /// `account_exists`, `already_linked`, `provider_failed` and `server_error`.
    #[cfg_attr(feature = "openapi", schema(example = "http://127.0.0.1:49152/callback"))]
    pub redirect_uri: String,
    /// Random, of the app's; comes back as it was. 16 to 128 letters, digits, `-`, `.`, `_` and `~`.
    #[cfg_attr(feature = "openapi", schema(min_length = 16, max_length = 128))]
    pub state: String,
    /// SHA-256 of the app's `code_verifier`, in base64url without padding (`S256`).
    #[cfg_attr(feature = "openapi", schema(min_length = 43, max_length = 43))]
    pub code_challenge: String,
}

/// Body of `oidc_start`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct OidcStart {
    pub intent: OidcIntent,
    pub loopback: Loopback,
}

/// What a provider is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OidcIntent {
    /// Sign in, or sign up.
    SignIn,
    /// Link the provider to the account that is signed in: needs a token, of someone who showed
    /// just now who they are. It is linked once the app trades the code (`session_from_code`), so
    /// that nobody is linked who was lured to a provider.
    Link,
}

/// Answer of `oidc_start`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OidcStarted {
    /// To be opened in the system browser.
    pub url: String,
}

/// Body of `session_from_code`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SessionFromCode {
    /// Came to the loopback address.
    pub code: String,
    /// What `code_challenge` is the hash of; 43 to 128 characters.
    pub code_verifier: String,
    /// As in `session_create`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<DeviceId>,
}

/// Answer of `identity_list`: providers that are linked to the account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IdentityList {
    pub identities: Vec<Identity>,
}

/// A provider that vouches for the person.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Identity {
    pub provider: String,
    /// Its name for people, or its id where it is not configured any more.
    pub name: String,
    pub linked_at_us: i64,
}

/// Answer of `passkey_list`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasskeyList {
    pub passkeys: Vec<Passkey>,
}

/// A passkey, as its owner sees it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Passkey {
    pub id: PasskeyId,
    pub name: String,
    pub created_at_us: i64,
    pub used_at_us: Option<i64>,
}

/// Answer of `passkey_ticket`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasskeyTicket {
    /// To be opened in the system browser, within ten minutes: there the passkey is made.
    pub url: String,
}

/// Body of `passkey_register_start`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PasskeyRegisterStart {
    /// What the address of the page ends with.
    pub ticket: String,
}

/// Answer of `passkey_register_start` and `passkey_sign_in_start`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasskeyChallenge {
    /// Names the ceremony when it is finished.
    pub flow: String,
    /// For `navigator.credentials`, in the JSON form of WebAuthn Level 3.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub options: serde_json::Value,
}

/// Body of `passkey_register_finish`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PasskeyRegisterFinish {
    pub flow: String,
    /// How it is listed; 1 to 80 characters.
    #[cfg_attr(
        feature = "openapi",
        schema(
            min_length = 1,
            max_length = 80,
            pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$",
            example = "Ann's phone"
        )
    )]
    pub name: String,
    /// What `navigator.credentials.create` answered, in JSON.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub credential: serde_json::Value,
}

/// Body of `passkey_sign_in_finish`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PasskeySignInFinish {
    pub flow: String,
    /// What `navigator.credentials.get` answered, in JSON.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub credential: serde_json::Value,
}

/// Answer of `passkey_sign_in_finish`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PasskeySignedIn {
    /// Where the page goes next: the app's loopback address with the code.
    pub redirect_uri: String,
}
