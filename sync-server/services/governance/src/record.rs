//! A record of the log.

use domain::audit::Act;
pub(crate) use domain::transparency::Content;

use crate::merkle::Hash;

/// A record, whose content may be gone: its leaf stays, so that proofs stay good.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// Place in the log, from 0 up without gaps.
    pub seq: u64,
    pub leaf: Hash,
    /// `None` once its retention has ended.
    pub act: Option<Act>,
}
