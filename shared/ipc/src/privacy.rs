//! The rights of who is signed in over their data: seeing what is held, consents, restriction,
//! export, erasure.

use domain::ids::{ErasureId, ExportId};

use super::{Deserialize, Serialize, calls};

/// What is held, what was agreed to, and what is under way.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PrivacyView {
    /// By service.
    pub holdings: Vec<Holding>,
    pub consents: Vec<Consent>,
    /// Whether the data is kept and not used, as the person wants.
    pub is_restricted: bool,
    /// The latest, where there is one.
    pub export: Option<Export>,
    /// The one that waits, where one was asked for.
    pub erasure: Option<Erasure>,
    /// Days between asking for an erasure and its being done.
    pub cooling_off_days: u32,
}

/// One kind of thing that is held about people.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Holding {
    /// Such as `accounts`.
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
pub struct Consent {
    /// Such as `personalisation`.
    pub purpose: String,
    pub title: String,
    /// What is agreed to, in its present version.
    pub text: String,
    pub version: u32,
    pub is_given: bool,
    /// What was said so far, the latest first.
    pub history: Vec<ConsentEntry>,
}

/// One answer about one version.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ConsentEntry {
    pub version: u32,
    pub is_given: bool,
    pub at_us: i64,
}

/// Where an export stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Export {
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
#[serde(rename_all = "snake_case")]
pub enum ExportState {
    Running,
    Ready,
    Failed,
    Expired,
}

/// A file of the listener's on this device.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SavedFile {
    /// The whole path, for people to read.
    pub path: String,
    pub size_bytes: u64,
}

/// How much of a file has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Saving {
    pub export: ExportId,
    pub done_bytes: u64,
    /// Of the whole, where the server says so.
    pub size_bytes: Option<u64>,
}

/// An erasure.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Erasure {
    pub id: ErasureId,
    pub asked_at_us: i64,
    /// Until then it can be taken back.
    pub due_at_us: i64,
    /// Whether the data must be kept for now, by law; it goes once that ends.
    pub is_held: bool,
}

calls! {
    "privacy_view": PrivacyGet {} -> PrivacyView;
    /// `version` is the one that was read.
    "consent_update": ConsentUpdate { purpose: String, version: u32, is_given: bool } -> Consent;
    "restriction_update": RestrictionUpdate { is_restricted: bool } -> ();
    /// Begins an export; may answer `StepUpRequired`.
    "subject_export": SubjectExport {} -> Export;
    "export_view": ExportGet { id: ExportId } -> Export;
    /// Puts the ZIP among the downloads of this device, under a name that was free; how much has
    /// come is told as `Event::Saving`. May answer `StepUpRequired`.
    "export_save": ExportSave { id: ExportId } -> SavedFile;
    /// Shows the file that was saved last where it lies.
    "export_show": ExportShow {} -> ();
    /// Asks for everything to be erased; may answer `StepUpRequired`.
    "subject_erase": SubjectErase {} -> Erasure;
    /// Takes it back.
    "erasure_cancel": ErasureCancel {} -> ();
}
