//! The audit log, for compliance officers.

use domain::audit::{Act, Token, Verb};

use super::{Deserialize, Serialize, calls};

/// One record of the log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AuditRecord {
    /// Place in the log, from 0 up without gaps.
    pub seq: u64,
    /// Absent once its time to be kept has passed.
    pub act: Option<Act>,
}

/// Some records, newest first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AuditPage {
    pub items: Vec<AuditRecord>,
    /// Pass it back for the next page; absent on the last.
    pub next_cursor: Option<String>,
}

/// What the server has signed: that the log was so at that size.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AuditCheckpoint {
    /// How many records it covers.
    pub size: u64,
    /// Hash over all of them, in base64.
    pub root: String,
    /// The whole signed note, to be kept elsewhere.
    pub note: String,
    /// The key that verifies it, as signed notes write keys.
    pub key: String,
}

/// Which records are asked for; what is given must match exactly.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct AuditFilter {
    pub actor: Option<Token>,
    pub object: Option<Token>,
    pub verb: Option<Verb>,
}

calls! {
    "audit_list": AuditList {
        filter: AuditFilter,
        cursor: Option<String>,
    } -> AuditPage;
    "audit_checkpoint": AuditCheckpointGet {} -> AuditCheckpoint;
}
