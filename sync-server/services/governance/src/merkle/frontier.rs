//! The right edge of a growing tree.

use super::{
    Hash, NodeId, node_hash,
    plan::{fold, subtrees},
};

/// All that is needed of a tree to add leaves: one hash per bit that is set in its size.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Frontier {
    size: u64,
    /// Roots of the complete subtrees, left to right; at most 64.
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The nodes whose hashes [`Frontier::new`] takes.
    pub fn nodes(size: u64) -> Vec<NodeId> {
        subtrees(0..size)
    }

    /// Of a tree of `size`, from the hashes of [`Frontier::nodes`]; `None` where they are more
    /// or fewer.
    pub fn new(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        (peaks.len() == size.count_ones() as usize).then_some(Self { size, peaks })
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf, and names the subtrees above it that became complete, from below.
    pub fn push(&mut self, leaf: Hash, mut completed: impl FnMut(NodeId, Hash)) {
        let (mut hash, mut node) = (leaf, NodeId { level: 0, idx: self.size });
        // Each trailing one of the size is a subtree as large as what was just completed.
        while node.idx % 2 == 1
            && let Some(left) = self.peaks.pop()
        {
            hash = node_hash(left, hash);
            node = NodeId { level: node.level + 1, idx: node.idx / 2 };
            completed(node, hash);
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    pub fn root(&self) -> Hash {
        fold(&self.peaks)
    }
}
