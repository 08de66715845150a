//! Accounts and sessions.

use domain::{
    AccountId, DeviceId, Role, SessionId,
    plan::{Entitlements, Plan, Standing, Tier},
};
use serde::{Deserialize, Serialize};

use crate::mfa::{PasskeyCode, Shown};

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
    /// Whether a link that was sent there came back.
    #[serde(default)]
    pub is_email_verified: bool,
    pub display_name: String,
    /// Who may see the profile.
    #[serde(default)]
    pub visibility: Visibility,
    /// ISO 3166-1, two capital letters; absent where the person did not say.
    #[serde(default)]
    pub country: Option<String>,
    /// BCP 47, such as `de` or `pt-BR`; absent where the person did not say.
    #[serde(default)]
    pub language: Option<String>,
    /// ISO 8601, such as `1990-02-28`; absent where the person did not say. Nobody else sees it.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(format = Date))]
    pub birth_date: Option<String>,
    /// Which picture; it is at `/api/v1/accounts/{id}/avatar`. Absent where there is none.
    #[serde(default)]
    pub avatar: Option<String>,
    pub roles: Vec<Role>,
    #[serde(default)]
    pub tier: Tier,
    pub created_at_us: i64,
}

/// Who may see a profile.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Nobody but its owner.
    #[default]
    Private,
    /// Whoever is signed in.
    Members,
}

impl Visibility {
    pub const ALL: [Self; 2] = [Self::Private, Self::Members];

    /// As it is written in JSON, and stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Members => "members",
        }
    }
}

/// Body of `profile_update`: what is absent stays, an empty text takes a value back.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ProfileUpdate {
    /// 1 to 80 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(
            min_length = 1,
            max_length = 80,
            pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$",
            example = "Ann"
        )
    )]
    pub display_name: Option<String>,
    /// ISO 3166-1, two capital letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(pattern = "^([A-Z]{2})?$", example = "PT"))]
    pub country: Option<String>,
    /// BCP 47: a language, and a region where it matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(pattern = "^([a-z]{2,3}(-[A-Z]{2})?)?$", example = "pt-BR")
    )]
    pub language: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visibility: Option<Visibility>,
    /// ISO 8601. Used to tell whether the person is of age, and for nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "openapi",
        schema(pattern = "^([0-9]{4}-[0-9]{2}-[0-9]{2})?$", example = "1990-02-28")
    )]
    pub birth_date: Option<String>,
}

/// Body of `email_change_start`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct EmailChangeStart {
    /// The address as it shall be. A link goes to both, the old and the new one.
    #[cfg_attr(feature = "openapi", schema(format = Email, example = "ann@example.net"))]
    pub email: String,
}

/// Answer of `email_change_confirm`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EmailChanged {
    /// Whether both addresses have confirmed; `false` where the link to the other is still out.
    pub is_done: bool,
}

/// Body of `session_step_up`: who is signed in shows again who they are.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct StepUp {
    #[cfg_attr(feature = "openapi", schema(example = "harbour kestrel moonlit tin"))]
    pub password: String,
    /// As in `session_create`; only for accounts with a second factor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 40, example = "123456"))]
    pub code: Option<String>,
    /// As in `session_create`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passkey: Option<PasskeyCode>,
}

impl StepUp {
    pub fn second_factor(&self) -> Option<Shown<'_>> {
        Shown::of(self.code.as_deref(), self.passkey.as_ref())
    }
}

/// Answer of `session_step_up`: an access token of the same session that says so. What it opens
/// stays open for ten minutes. The refresh token stays as it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SteppedUp {
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: String,
    /// Seconds until it expires.
    pub expires_in: u64,
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
    /// The `device_id` of an earlier session on this device, so that it stays one device. One of
    /// another account is passed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<DeviceId>,
    /// Of the authenticator app (six digits), or one of the recovery codes; only for accounts with
    /// a second factor. Each is good once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 40, example = "123456"))]
    pub code: Option<String>,
    /// A passkey of this account in the place of a code, where it is asked for. It counts where
    /// `code` is there, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passkey: Option<PasskeyCode>,
}

impl SessionCreate {
    pub fn second_factor(&self) -> Option<Shown<'_>> {
        Shown::of(self.code.as_deref(), self.passkey.as_ref())
    }
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
    /// Keep it, and name it when signing in on this device again.
    pub device_id: DeviceId,
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

/// Body of `account_verify_email`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct EmailVerify {
    /// What the link in the mail ends with.
    pub token: String,
}

/// Body of `password_reset_start`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PasswordResetStart {
    #[cfg_attr(feature = "openapi", schema(example = "ann@example.org"))]
    pub email: String,
}

/// Body of `password_reset_finish`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PasswordResetFinish {
    /// What the link in the mail ends with.
    pub token: String,
    /// 8 to 128 characters; no composition rules (NIST SP 800-63B).
    #[cfg_attr(
        feature = "openapi",
        schema(min_length = 8, max_length = 128, example = "harbour kestrel moonlit tin")
    )]
    pub password: String,
}

/// One sign-in, as its owner sees it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionEntry {
    pub id: SessionId,
    pub device_id: DeviceId,
    /// Empty where the device gave no name.
    pub device_name: String,
    pub created_at_us: i64,
    pub used_at_us: i64,
    /// The network of last use, coarse: the first 24 bits of an IPv4 address, the first 48 of an
    /// IPv6 one. Absent where it is not known.
    pub last_network: Option<String>,
    /// Whether it is the one that asks.
    pub is_current: bool,
}

/// Answer of `session_list`: sessions that live, the latest used first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionList {
    pub sessions: Vec<SessionEntry>,
}

/// Answer of `session_revoke_others`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionsRevoked {
    pub n_sessions: u32,
}

/// Answer of `plan_view` and `plan_change`: where the account stands, and what could be.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlanView {
    pub tier: Tier,
    pub standing: Standing,
    /// Id of the plan that runs, or of the last one.
    pub plan: Option<String>,
    pub entitlements: Entitlements,
    pub is_trial_left: bool,
    /// What each tier gives, for comparison.
    pub tiers: Vec<TierOffer>,
    /// Plans on offer.
    pub plans: Vec<Plan>,
}

/// What a tier gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TierOffer {
    pub tier: Tier,
    pub entitlements: Entitlements,
}

/// Body of `plan_change`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PlanChange {
    pub action: PlanAction,
    /// Which plan to try; only with `start_trial`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(example = "individual"))]
    pub plan: Option<String>,
}

/// What an account may do to its own subscription.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PlanAction {
    /// Once per account.
    StartTrial,
    /// It goes on to its end, and then no further.
    Cancel,
    /// Takes a cancellation back.
    Resume,
}
