//! For compliance officers: cases, which alone open the data of a person; holds; retention.

use domain::{AccountId, audit::RetentionClass, ids::CaseId};
use serde::{Deserialize, Serialize};

use crate::privacy::{ErasureView, ExportView};

/// What a person wants.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CaseKind {
    /// To know and have their data (articles 15 and 20).
    Access,
    /// To have it erased (article 17).
    Erasure,
    /// To have it put right (article 16).
    Rectification,
}

/// Where a case stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CaseState {
    Open,
    Done,
    /// With a reason that the person was told.
    Refused,
}

/// Body of `case_create`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CaseCreate {
    pub kind: CaseKind,
    /// Whom it is about, by the exact address: there is no other search.
    #[cfg_attr(feature = "openapi", schema(format = Email, example = "ann@example.org"))]
    pub email: String,
    /// Stands in the audit log for good: no names or addresses; 1 to 400 characters.
    #[cfg_attr(
        feature = "openapi",
        schema(
            min_length = 1,
            max_length = 400,
            pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$",
            example = "Asked by letter"
        )
    )]
    pub reason: String,
}

/// A case, without anything that tells who it is about but a token.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CaseView {
    pub id: CaseId,
    pub kind: CaseKind,
    pub state: CaseState,
    pub subject: AccountId,
    pub opened_at_us: i64,
    /// One month after it was opened; three where it was extended (article 12(3)).
    pub due_at_us: i64,
    pub is_extended: bool,
    pub closed_at_us: Option<i64>,
    /// Whether the data of the person must be kept for now.
    pub is_held: bool,
    /// Whether the person has restricted the use of their data.
    #[serde(default)]
    pub is_restricted: bool,
    /// Of this person, where one was begun.
    pub export: Option<ExportView>,
    pub erasure: Option<ErasureView>,
}

/// Answer of `case_list`: open ones by deadline first, then the closed, the latest first. One that is
/// closed or extended between two pages may come again in the later one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CasePage {
    pub items: Vec<CaseView>,
    /// Pass it as `cursor` for the next page; null on the last.
    pub next_cursor: Option<String>,
}

/// Body of `case_update`: what an officer does about a case. Each stands in the audit log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CaseUpdate {
    pub action: CaseAction,
    /// Stands in the audit log for good: no names or addresses; 1 to 400 characters.
    #[cfg_attr(
        feature = "openapi",
        schema(
            min_length = 1,
            max_length = 400,
            pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$",
            example = "Identity checked by letter"
        )
    )]
    pub reason: String,
    /// The name as it shall be; only with `rectify`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 80, example = "Ann"))]
    pub display_name: Option<String>,
}

/// What can be done about a case.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CaseAction {
    /// Two months more, once.
    Extend,
    /// Make an export for the person, who finds it on their privacy page.
    Export,
    /// Begin the erasure, with its cooling-off period.
    Erase,
    /// Put the display name right.
    Rectify,
    /// Keep everything for now, whatever else is asked for (legal hold).
    Hold,
    /// End the hold.
    LiftHold,
    Close,
    Refuse,
}

/// Answer of `case_subject_view`: the person, for the one who handles an open case. Looking is in
/// the audit log.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SubjectView {
    pub account: AccountId,
    pub email: String,
    pub display_name: String,
    /// How many rows each service holds, by table.
    pub holdings: Vec<SubjectHolding>,
}

/// What is there of one kind.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SubjectHolding {
    pub service: String,
    pub table: String,
    pub what: String,
    pub n_rows: u64,
}

/// Answer of `retention_view`: the rules, what the last run did, and what one would do now.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RetentionView {
    pub rules: Vec<RetentionRule>,
    /// Absent before the first run.
    pub last_run_at_us: Option<i64>,
    /// When the job runs next.
    pub next_run_at_us: i64,
}

/// What is kept for how long.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RetentionRule {
    /// Such as `audit_access`, `ended_sessions`.
    pub id: String,
    /// Of what, for people.
    pub what: String,
    /// The class of audit records it is about, where it is about those.
    pub class: Option<RetentionClass>,
    pub days: u32,
    /// How much the last run dropped.
    pub n_dropped: u64,
    /// How much would be dropped now.
    pub n_due: u64,
    /// How much more is as old and stays, since the data of its persons is held or restricted.
    pub n_held: u64,
}
