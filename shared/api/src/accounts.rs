//! Accounts and sessions.

use domain::{AccountId, SessionId};
use serde::{Deserialize, Serialize};

/// What an account may do beyond listening.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Listener,
    /// Runs the service: the first account of a server, then whom an owner names.
    Owner,
}

/// Body of `account_create`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AccountCreate {
    #[cfg_attr(feature = "openapi", schema(format = Email, example = "ann@example.org"))]
    pub email: String,
    /// 8 to 128 characters; no composition rules (NIST SP 800-63B).
    #[cfg_attr(
        feature = "openapi",
        schema(min_length = 8, max_length = 128, example = "harbour kestrel moonlit tin")
    )]
    pub password: String,
    /// 1 to 80 characters; the part of the email before the `@` where absent.
    #[serde(default)]
    #[cfg_attr(
        feature = "openapi",
        schema(
            min_length = 1,
            max_length = 80,
            // One line with something on it.
            pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$",
            example = "Ann"
        )
    )]
    pub display_name: Option<String>,
}

/// An account, as its owner sees it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Account {
    pub id: AccountId,
    pub email: String,
    pub display_name: String,
    pub roles: Vec<Role>,
    pub created_at_us: i64,
}

/// Body of `session_create`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SessionCreate {
    #[cfg_attr(feature = "openapi", schema(example = "ann@example.org"))]
    pub email: String,
    #[cfg_attr(feature = "openapi", schema(example = "harbour kestrel moonlit tin"))]
    pub password: String,
    /// How the device is listed, such as `Ann's laptop`; 1 to 80 characters.
    #[serde(default)]
    #[cfg_attr(
        feature = "openapi",
        schema(
            min_length = 1,
            max_length = 80,
            pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$",
            example = "Ann's laptop"
        )
    )]
    pub device_name: Option<String>,
}

/// Body of `session_refresh`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SessionRefresh {
    pub refresh_token: String,
    /// 16 to 128 random characters that the client made for itself and keeps. A client whose
    /// answer was lost may repeat the request with the same key within two minutes, and gets the
    /// same next token. Without it, a repeated request ends the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 16, max_length = 128))]
    pub retry_key: Option<String>,
}

/// Answer of `session_create` and `session_refresh` (the shape of RFC 6749, section 5.1).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Session {
    pub id: SessionId,
    /// A JWT signed with EdDSA; verify it with the keys at `/api/v1/jwks.json`.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: String,
    /// Seconds until the access token expires.
    pub expires_in: u64,
    /// Good for one `session_refresh`, which answers with the next one. Using an old one again
    /// ends the session.
    pub refresh_token: String,
    pub account: Account,
}
