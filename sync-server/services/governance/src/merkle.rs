//! The Merkle tree of the log (RFC 9162, section 2.1), as pure arithmetic.
//!
//! A tree of any size is made of complete subtrees, whose hashes never change once they are
//! complete: they are addressed by [`NodeId`] and stored. The tree grows at its right edge
//! ([`Frontier`]); proofs are planned first ([`plan`]), then made from the stored hashes. Hashes, and
//! how proofs are verified, are shared with those who read the log ([`domain::transparency`]).

mod frontier;
pub mod plan;
#[cfg(test)]
mod tests;

pub use domain::transparency::{Hash, HashError, empty_root, leaf_hash, node_hash, verify};
pub use frontier::Frontier;

/// A complete subtree: that of the leaves from `idx << level` on, `1 << level` of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NodeId {
    pub level: u32,
    pub idx: u64,
}
