//! For compliance officers: cases, which alone open the data of a person, and retention.

use domain::{AccountId, audit::RetentionClass, ids::CaseId};

use super::{Deserialize, Erasure, Export, Serialize, calls};

/// What a person wants.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseKind {
    /// To know and have their data (GDPR, articles 15 and 20).
    Access,
    /// To have it erased (article 17).
    Erasure,
    /// To have it put right (article 16).
    Rectification,
}

/// Where a case stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseState {
    Open,
    Done,
    Refused,
}

/// A case, without anything that tells who it is about but a token.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Case {
    pub id: CaseId,
    pub kind: CaseKind,
    pub state: CaseState,
    pub subject: AccountId,
    pub opened_at_us: i64,
    pub due_at_us: i64,
    pub is_extended: bool,
    pub closed_at_us: Option<i64>,
    /// Whether the data of the person must be kept for now.
    pub is_held: bool,
    /// Whether the person has restricted the use of their data.
    pub is_restricted: bool,
    /// Of this person, where one was begun.
    pub export: Option<Export>,
    pub erasure: Option<Erasure>,
}

/// Some cases: open ones by deadline first, then the closed, the latest first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CasePage {
    pub items: Vec<Case>,
    /// Pass it back for the next page; absent on the last.
    pub next_cursor: Option<String>,
}

/// What can be done about a case.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
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
    LiftHold,
    Close,
    Refuse,
}

/// The person a case is about.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Subject {
    pub account: AccountId,
    pub email: String,
    pub display_name: String,
    pub holdings: Vec<SubjectHolding>,
}

/// What is there of one kind.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SubjectHolding {
    pub service: String,
    pub table: String,
    pub what: String,
    pub n_rows: u64,
}

/// The rules, what the last run did, and what one would do now.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Retention {
    pub rules: Vec<RetentionRule>,
    /// Absent before the first run.
    pub last_run_at_us: Option<i64>,
    pub next_run_at_us: i64,
}

/// What is kept for how long.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RetentionRule {
    /// Such as `audit_access`.
    pub id: String,
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

calls! {
    "case_list": CaseList { cursor: Option<String> } -> CasePage;
    /// About whom has exactly this address; the reason stands in the audit log for good.
    "case_create": CaseCreate { kind: CaseKind, email: String, reason: String } -> Case;
    "case_view": CaseGet { id: CaseId } -> Case;
    /// `display_name` with `Rectify` alone.
    "case_update": CaseUpdate {
        id: CaseId,
        action: CaseAction,
        reason: String,
        display_name: Option<String>,
    } -> Case;
    /// Looking is in the audit log.
    "case_subject_view": CaseSubjectGet { id: CaseId } -> Subject;
    "retention_view": RetentionGet {} -> Retention;
}
