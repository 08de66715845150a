//! The second factor: codes of an authenticator app (TOTP, RFC 6238), a passkey after the password,
//! and recovery codes for either.

use serde::{Deserialize, Serialize};

/// Answer of `mfa_view`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MfaView {
    pub is_totp_on: bool,
    /// Whether a passkey is asked for after the password.
    #[serde(default)]
    pub is_passkey_on: bool,
    /// Recovery codes that were not used yet.
    pub n_recovery_codes: u32,
}

/// What an account takes as its second factor, beside a recovery code; none where it has none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Methods {
    /// A code of the authenticator app, in `code`.
    pub totp: bool,
    /// A passkey, in `passkey`.
    pub passkey: bool,
}

impl Methods {
    /// Whether there is a second factor.
    pub const fn is_any(self) -> bool {
        self.totp || self.passkey
    }
}

/// That a passkey was used on the server's page: the code that this brought to the app's loopback
/// address, good once, for a minute, and for the app alone that began.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PasskeyCode {
    pub code: String,
    /// What `code_challenge` is the hash of; 43 to 128 characters.
    pub code_verifier: String,
}

/// What is shown as the second factor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shown<'a> {
    /// Of the authenticator app, or a recovery code.
    Code(&'a str),
    Passkey(&'a PasskeyCode),
}

impl<'a> Shown<'a> {
    /// Of a request that may bring either; where it brings both, the passkey counts.
    pub fn of(code: Option<&'a str>, passkey: Option<&'a PasskeyCode>) -> Option<Self> {
        passkey.map(Self::Passkey).or(code.map(Self::Code))
    }
}

/// Body of `mfa_totp_start`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TotpStart {
    /// How the app lists it, such as the address of the account; 1 to 254 characters.
    #[cfg_attr(
        feature = "openapi",
        schema(
            min_length = 1,
            max_length = 254,
            pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$",
            example = "ann@example.org"
        )
    )]
    pub label: String,
}

/// Answer of `mfa_totp_start`. Nothing is on before `mfa_totp_confirm`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TotpSecret {
    /// In Base32, to be typed where no camera is.
    pub secret: String,
    /// `otpauth://totp/..`, to be shown as a QR code.
    pub uri: String,
}

/// Body of `mfa_totp_confirm`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TotpConfirm {
    /// Six digits, as the app shows them.
    #[cfg_attr(feature = "openapi", schema(max_length = 40, example = "123456"))]
    pub code: String,
}

/// Answer of `mfa_totp_confirm`, `mfa_passkey_enable` and `mfa_recovery_renew`: shown once, and
/// never again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecoveryCodes {
    /// Each is good once, in the place of a code of the app or of a passkey. Empty where a method
    /// is turned on and the account has some already, which stay good.
    pub codes: Vec<String>,
}

/// Body of `mfa_totp_disable`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TotpDisable {
    /// Of the app, or a recovery code.
    #[cfg_attr(feature = "openapi", schema(max_length = 40, example = "123456"))]
    pub code: String,
}
