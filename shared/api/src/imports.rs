//! Library imports, for operators.

use domain::ImportId;
use serde::{Deserialize, Serialize};

/// Body of `import_start`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ImportStart {
    /// A folder on the server's machine, absolute.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, example = "/srv/music"))]
    pub directory: String,
}

/// Where an import stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ImportState {
    /// Listing files; the total still grows.
    Scanning,
    /// Reading, decoding and measuring.
    Running,
    Done,
    /// Stopped before its end, with the reason in `failure`; a new run goes on from there.
    Failed,
}

/// A file that could not be imported.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportProblem {
    /// Relative to the imported folder; bytes that are not UTF-8 are shown as `\xNN`.
    pub path: String,
    /// What is wrong with it, in words.
    pub reason: String,
}

/// Progress and result of an import.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Import {
    pub id: ImportId,
    pub directory: String,
    pub state: ImportState,
    /// Audio files found so far.
    pub n_found: u64,
    /// Of these, looked at so far: the sum of the five below.
    pub n_done: u64,
    pub n_added: u64,
    pub n_changed: u64,
    /// Found under a new path with the same content.
    pub n_moved: u64,
    pub n_unchanged: u64,
    pub n_failed: u64,
    /// Known before, gone from the folder now.
    pub n_missing: u64,
    /// Files looked at per second since the start.
    pub files_per_s: f64,
    /// Seconds of music decoded per second since the start.
    pub realtime_x: f64,
    /// Milliseconds until the end at this speed; null while scanning.
    pub remaining_ms: Option<u64>,
    /// The first hundred files that failed; `n_failed` counts them all.
    pub problems: Vec<ImportProblem>,
    /// Why the import as a whole stopped.
    pub failure: Option<String>,
    pub started_at_us: i64,
    pub finished_at_us: Option<i64>,
}
