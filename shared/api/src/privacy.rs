//! The rights of a person over their data (GDPR, articles 7, 15 to 18, 20).

use domain::ids::{ErasureId, ExportId};
use serde::{Deserialize, Serialize};

/// Answer of `privacy_view`: what is held, what was agreed to, and what is under way.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PrivacyView {
    /// All that is held about people, by service.
    pub holdings: Vec<HoldingView>,
    pub consents: Vec<ConsentView>,
    /// Whether the person wants their data to be kept and not used (article 18): what they play is
    /// not recorded, nothing goes by its age, and it is used only as they ask, for safety and for
    /// legal claims.
    pub is_restricted: bool,
    /// The latest export, where there is one.
    pub export: Option<ExportView>,
    /// The erasure that waits, where one was asked for.
    pub erasure: Option<ErasureView>,
    /// Days between asking for an erasure and its being done.
    pub cooling_off_days: u32,
}

/// One kind of thing that is held about people.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HoldingView {
    pub service: String,
    /// The name of its list in an export.
    pub table: String,
    pub what: String,
    pub why: String,
    pub kept: String,
    /// Why it stays after an erasure; absent where it goes.
    pub stays: Option<String>,
}

/// Something that can be agreed to, and whether it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConsentView {
    /// Such as `personalisation`.
    pub purpose: String,
    /// For people, in a few words.
    pub title: String,
    /// What is agreed to, in its present version.
    pub text: String,
    pub version: u32,
    /// Whether the present version is agreed to. What an older one allowed is not allowed any more.
    pub is_given: bool,
    /// What was said so far, the latest first.
    pub history: Vec<ConsentEntry>,
}

/// One answer about one version.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConsentEntry {
    pub version: u32,
    pub is_given: bool,
    pub at_us: i64,
}

/// Body of `consent_update`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ConsentUpdate {
    #[cfg_attr(feature = "openapi", schema(example = "personalisation"))]
    pub purpose: String,
    /// The version that was read; refused where it is not the present one.
    #[cfg_attr(feature = "openapi", schema(example = 1))]
    pub version: u32,
    pub is_given: bool,
}

/// Body of `restriction_update`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RestrictionUpdate {
    pub is_restricted: bool,
}

/// Where an export stands. Its file (`subject_export_file`) is for someone who has just shown who
/// they are, as asking for it is: otherwise `step_up_required`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExportView {
    pub id: ExportId,
    pub asked_at_us: i64,
    pub state: ExportState,
    /// Kinds of data collected so far, and in all.
    pub n_done: u32,
    pub n_total: u32,
    /// Of the ZIP, once it is ready.
    pub size_bytes: Option<u64>,
    /// When the file goes, once it is ready.
    pub expires_at_us: Option<i64>,
}

/// How far an export is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ExportState {
    Running,
    Ready,
    /// It could not be made; ask again.
    Failed,
    /// The file is gone; ask again.
    Expired,
}

/// An erasure.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErasureView {
    pub id: ErasureId,
    pub asked_at_us: i64,
    /// Until then it can be taken back.
    pub due_at_us: i64,
    /// Whether the data must be kept for now, by law; it goes once that ends.
    pub is_held: bool,
}
