//! The audit log, for compliance officers: records, signed checkpoints, proofs.
//!
//! Hashes are SHA-256 in standard base64, 44 characters. The tree over the records is that of
//! RFC 9162, section 2.1.

use domain::audit::Act;
use serde::{Deserialize, Serialize};

/// One record. The leaf of the tree is the hash of a zero byte and the record's canonical form:
/// one JSON object without spaces, with the fields `seq`, `id`, `at_us`, `actor`, `verb`,
/// `object`, `reason` and `class` in this order, in which characters are escaped only where JSON
/// must.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditRecord {
    /// Place in the log, from 0 up without gaps.
    pub seq: u64,
    pub leaf: String,
    /// Null once its time to be kept has passed. The leaf stays, and with it every proof.
    pub act: Option<Act>,
}

/// Answer of `audit_list`: newest first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditPage {
    pub items: Vec<AuditRecord>,
    /// Pass it as `cursor` for the next page; null on the last.
    pub next_cursor: Option<String>,
}

/// Answer of `audit_checkpoint`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditCheckpoint {
    /// How many records it covers.
    pub size: u64,
    /// The signed note: origin, size, root, signature (C2SP tlog-checkpoint).
    pub note: String,
    /// The key that verifies it, as signed notes write keys (C2SP signed-note).
    pub key: String,
    /// All keys of the log in their order, so that who knows one of them can follow to the present
    /// one. The last one signs.
    pub keys: Vec<AuditKey>,
}

/// A key of the log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditKey {
    pub key: String,
    /// Size of the first checkpoint that it signed.
    pub from_size: u64,
    /// That checkpoint, in which the key before hands over: its fourth line is `next-key ` and this
    /// key, and both have signed it. Null for the first key.
    pub handover: Option<String>,
}

/// Body of `audit_restart`: a log is looked at that does not go on from what was known of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AuditRestart {
    /// Records of the log that was known.
    pub known_size: u64,
    /// Of the checkpoint that is taken.
    pub size: u64,
}

/// Answer of `audit_proof`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AuditProof {
    /// The record is in the tree of that size (RFC 9162, section 2.1.3).
    Inclusion { seq: u64, size: u64, leaf: String, root: String, path: Vec<String> },
    /// The tree of one size is the beginning of the other (RFC 9162, section 2.1.4).
    Consistency { from: u64, to: u64, from_root: String, to_root: String, path: Vec<String> },
}
