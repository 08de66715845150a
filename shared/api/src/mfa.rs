//! The second factor: codes of an authenticator app (TOTP, RFC 6238), and recovery codes.

use serde::{Deserialize, Serialize};

/// Answer of `mfa_view`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MfaView {
    pub is_totp_on: bool,
    /// Recovery codes that were not used yet.
    pub n_recovery_codes: u32,
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

/// Answer of `mfa_totp_confirm`: shown once, and never again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecoveryCodes {
    /// Each is good once, in the place of a code of the app.
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
