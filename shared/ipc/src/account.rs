//! The account of who is signed in: profile, devices, plan. All of it is asked of the server.

use domain::{
    DeviceId, SessionId,
    plan::{Entitlements, Plan, Standing, Tier},
};

use super::{Deserialize, Serialize, calls};

/// What the server knows of a person, as far as the person can see and change it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Profile {
    pub email: String,
    /// Whether a link that was sent there came back.
    pub is_email_verified: bool,
    pub display_name: String,
    pub visibility: Visibility,
    /// ISO 3166-1, two capital letters; absent where the person did not say.
    pub country: Option<String>,
    /// BCP 47, such as `de` or `pt-BR`; absent where the person did not say.
    pub language: Option<String>,
    /// ISO 8601, such as `1990-02-28`; absent where the person did not say.
    pub birth_date: Option<String>,
    /// Which picture; see `AccountView`.
    pub avatar: Option<String>,
}

/// Who may see a profile.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Nobody but its owner.
    #[default]
    Private,
    /// Whoever is signed in.
    Members,
}

/// One sign-in somewhere.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SignedInDevice {
    pub session: SessionId,
    pub device: DeviceId,
    /// Empty where the device gave no name.
    pub name: String,
    /// Microseconds since 1970.
    pub signed_in_at_us: i64,
    pub used_at_us: i64,
    /// Of last use, coarse: such as `203.0.113.0/24`. Absent where it is not known.
    pub network: Option<String>,
    /// Whether it is this one.
    pub is_current: bool,
}

/// Where the account stands, and what could be.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PlanView {
    pub tier: Tier,
    pub standing: Standing,
    /// Id of the plan that runs, or of the last one.
    pub plan: Option<String>,
    pub is_trial_left: bool,
    /// What each tier gives, for comparison.
    pub tiers: Vec<TierOffer>,
    /// Plans on offer.
    pub plans: Vec<Plan>,
}

/// What a tier gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TierOffer {
    pub tier: Tier,
    pub entitlements: Entitlements,
}

/// What a person may do to their own subscription.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum PlanAction {
    /// Once per account; `plan` is the id of one on offer.
    StartTrial {
        plan: String,
    },
    Cancel,
    /// Takes a cancellation back.
    Resume,
}

calls! {
    "profile_view": ProfileGet {} -> Profile;
    /// What is absent stays; an empty text takes a value back.
    "profile_update": ProfileUpdate {
        display_name: Option<String>,
        visibility: Option<Visibility>,
        country: Option<String>,
        language: Option<String>,
        birth_date: Option<String>,
    } -> Profile;
    /// A JPEG of at most 4 MB, in base64.
    "avatar_set": AvatarSet { image: String } -> Profile;
    "avatar_delete": AvatarDelete {} -> Profile;
    /// Has links sent to the old address and to the new one; it changes once both were opened. May
    /// answer `StepUpRequired`.
    "email_change": EmailChange { email: String } -> ();
    /// Has the link sent again that confirms the address.
    "email_verify": EmailVerify {} -> ();
    /// The latest used first.
    "device_list": DeviceList {} -> Vec<SignedInDevice>;
    /// Signs out there.
    "device_revoke": DeviceRevoke { session: SessionId } -> ();
    /// Signs out everywhere but here; answers how many sign-ins that were.
    "device_revoke_others": DeviceRevokeOthers {} -> u32;
    "plan_view": PlanGet {} -> PlanView;
    "plan_change": PlanChange { action: PlanAction } -> PlanView;
}
