//! The search port: full text with prefixes and typos.

/// The index failed.
#[derive(Debug, thiserror::Error)]
#[error("{operation}")]
pub struct Error {
    pub operation: &'static str,
}
