//! The lines of a log file: JSON, one object each, with exactly one way to write it.

use serde::{Deserialize, Serialize};

use crate::{merkle::Hash, record::Content};

/// What the first line says the file is.
pub const FORMAT: &str = "melodyud-audit-log";

/// Raised when a line of an old file would no longer mean the same.
pub const VERSION: u32 = 1;

/// Far above the longest line of ours: a reason has at most 2,000 bytes.
pub const LINE_BYTES_MAX: usize = 8 * 1024;

/// One line. The header comes first; then records in order, and checkpoints where they were
/// made.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Line {
    Header(Header),
    Record(Kept),
    Dropped(Dropped),
    Checkpoint(Signed),
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    pub format: String,
    pub version: u32,
    /// Which log it is: the name of its key.
    pub origin: String,
}

/// A record with its content.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    pub leaf: Hash,
    pub record: Content,
}

/// A record whose content is gone.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dropped {
    pub seq: u64,
    pub leaf: Hash,
}

/// A checkpoint.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// The signed note.
    pub checkpoint: String,
    /// Size of the checkpoint before, so that a missing one is noticed; null in the first.
    pub previous: Option<u64>,
}

impl Line {
    /// What a line says; `None` unless it is written exactly as [`Line::text`] would write it.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let line: Self = serde_json::from_slice(text).ok()?;
        (line.text().as_bytes() == text).then_some(line)
    }

    /// Without the line break.
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("numbers and texts always serialise")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::empty_root;

    #[test]
    fn there_is_one_way_to_write_a_line() {
        let line = Line::Dropped(Dropped { seq: 7, leaf: empty_root() });
        let text = line.text();
        assert_eq!(text, r#"{"seq":7,"leaf":"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}"#);
        assert_eq!(Line::parse(text.as_bytes()), Some(line));
        let others = [
            text.replace(":7", ": 7"),
            text.replace(":7", ":7.0"),
            text.replace(":7", ":07"),
            text.replace("47DE", "\\u0034\\u0037DE"),
            text.replace("FU=", "FV="),
            text.replace('}', r#","x":1}"#),
            text.replace('{', r#"{"seq":7,"#),
            format!("{text} "),
            String::new(),
            "[".repeat(5_000),
        ];
        for other in others {
            assert_eq!(Line::parse(other.as_bytes()), None, "{other}");
        }
        assert_eq!(Line::parse(b"\xff\xfe"), None);
    }
}
