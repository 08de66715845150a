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
    pub signature: SignatureProof,
}

/// What this device has made sure of, by arithmetic of its own.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AuditProof {
    /// How many records the checkpoint covers that was looked at, and the hash over them.
    pub size: u64,
    pub root: String,
    pub signature: SignatureProof,
    pub record: RecordProof,
    pub history: HistoryProof,
    /// Where a checkpoint was taken once although it did not go on from what was known.
    pub restarted: Option<AuditRestarted>,
}

/// What the signature of a checkpoint is worth.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum SignatureProof {
    /// It is by the key that comes with it, which is the one that this device knows, where it knows
    /// one; if it is not, the history is broken.
    Good,
    /// It is by another key than this device knew, to which that one handed over in the checkpoint of
    /// so many records.
    HandedOver { size: u64 },
    /// It is not: whoever made the checkpoint does not have the key.
    Wrong,
}

/// That somebody at this device took a log for the true one although it was another than before.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AuditRestarted {
    pub at_us: i64,
    /// Of the log that was taken.
    pub size: u64,
    /// Of the log that was known before, and when it was seen last.
    pub known_size: u64,
    pub known_at_us: i64,
}

/// Whether a record is what the checkpoint covers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum RecordProof {
    /// None was given.
    Absent,
    /// It is: content and all.
    Included { seq: u64 },
    /// Its place is: the content is gone, its time to be kept having passed.
    HashIncluded { seq: u64 },
    /// It is not, or not as it is shown.
    Broken { seq: u64 },
}

/// Whether the log is still the one that this device knows.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum HistoryProof {
    /// There is nothing to compare with yet; the next time there is.
    First,
    /// It goes on from what this device saw last: that of so many records, at that time.
    Continues { size: u64, seen_at_us: i64 },
    /// It does not: what this device saw was changed, taken away or signed by another key.
    Broken { size: u64, seen_at_us: i64, why: HistoryBreak },
}

/// How a log is not the one that was seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HistoryBreak {
    /// Checkpoints carry another key.
    OtherKey,
    /// It has fewer records than it had.
    Shorter,
    /// It has other records than it had.
    Changed,
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
    /// Proves that the record is in the latest checkpoint as it is shown, and that this continues
    /// the last one that this device saw.
    "audit_verify": AuditVerify { record: Option<AuditRecord> } -> AuditProof;
    /// Takes the checkpoint that was looked at, though the log is not what it was, and compares with
    /// that one from now on. It is told to the log.
    "audit_restart": AuditRestart { size: u64, root: String } -> ();
}
