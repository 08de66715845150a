//! The second factor: an authenticator app, a passkey after the password, and recovery codes.

use super::{Deserialize, Serialize, calls};

/// What is set up.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SecondFactor {
    pub is_app_on: bool,
    /// Whether a passkey is asked for after the password.
    pub is_passkey_on: bool,
    /// Recovery codes that were not used yet.
    pub n_recovery_codes: u32,
}

/// What an account takes after its password, beside a recovery code.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SecondStep {
    /// A code of the authenticator app.
    pub takes_app: bool,
    pub takes_passkey: bool,
}

/// What an authenticator app needs.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AppSecret {
    /// In Base32, to be typed where no camera is.
    pub secret: String,
    /// Of the QR code, in modules along a side.
    pub qr_size: u32,
    /// Its dark modules as the data of an SVG path, one unit each.
    pub qr_path: String,
}

calls! {
    "second_factor_view": SecondFactorGet {} -> SecondFactor;
    /// Nothing is on before `SecondFactorConfirm`; may answer `StepUpRequired`.
    "second_factor_start": SecondFactorStart {} -> AppSecret;
    /// Answers with the recovery codes, which are shown once; with none where there are some already.
    "second_factor_confirm": SecondFactorConfirm { code: String } -> Vec<String>;
    /// May answer `StepUpRequired`.
    "second_factor_disable": SecondFactorDisable { code: String } -> ();
    /// As `SecondFactorConfirm`, for a passkey; may answer `StepUpRequired`.
    "second_factor_passkey_enable": SecondFactorPasskeyEnable {} -> Vec<String>;
    /// May answer `StepUpRequired`.
    "second_factor_passkey_disable": SecondFactorPasskeyDisable {} -> ();
    /// Answers with new recovery codes, which are shown once; may answer `StepUpRequired`.
    "second_factor_recovery_renew": SecondFactorRecoveryRenew {} -> Vec<String>;
}
