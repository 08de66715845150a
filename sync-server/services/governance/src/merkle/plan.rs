//! Proofs as lists of trees: which to ask for, and what they come to.
//!
//! Every hash of a proof is the root of the leaves of some range (`MTH(D[a:b])` in the RFC).
//! All but those at the right edge of the tree are one stored hash; those are folded from a few.

use std::{collections::HashSet, ops::Range};

use super::{Hash, NodeId, empty_root, node_hash};

/// Ranges of leaves whose roots are wanted, in the order of a proof.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan(Vec<Range<u64>>);

impl Plan {
    /// The root of a tree of `size`.
    pub fn root(size: u64) -> Self {
        Self(vec![Range { start: 0, end: size }])
    }

    /// `PATH(seq, D[size])` (RFC 9162, section 2.1.3.1); `None` where the tree has no such leaf.
    pub fn inclusion(seq: u64, size: u64) -> Option<Self> {
        if seq >= size {
            return None;
        }
        let mut path = Vec::new();
        let mut tree = 0..size;
        while tree.end - tree.start > 1 {
            let middle = tree.start + split(tree.end - tree.start);
            if seq < middle {
                path.push(middle..tree.end);
                tree.end = middle;
            } else {
                path.push(tree.start..middle);
                tree.start = middle;
            }
        }
        // The RFC appends on the way back up.
        path.reverse();
        Some(Self(path))
    }

    /// `PROOF(from, D[to])` (RFC 9162, section 2.1.4.1); `None` unless `0 < from <= to`.
    pub fn consistency(from: u64, to: u64) -> Option<Self> {
        if from == 0 || from > to {
            return None;
        }
        let mut path = Vec::new();
        let mut tree = 0..to;
        while from < tree.end {
            let middle = tree.start + split(tree.end - tree.start);
            if from <= middle {
                path.push(middle..tree.end);
                tree.end = middle;
            } else {
                path.push(tree.start..middle);
                tree.start = middle;
            }
        }
        // What is left is the tree that both share. Where it is all of the old tree, its root
        // is known to whoever asks.
        if tree.start > 0 {
            path.push(tree);
        }
        path.reverse();
        Some(Self(path))
    }

    /// The stored hashes that [`Plan::hashes`] asks for.
    pub fn nodes(&self) -> HashSet<NodeId> {
        self.0.iter().cloned().flat_map(subtrees).collect()
    }

    /// The hashes of the proof; `None` where one of [`Plan::nodes`] is not known.
    pub fn hashes(&self, known: impl Fn(NodeId) -> Option<Hash>) -> Option<Vec<Hash>> {
        let root = |leaves: &Range<u64>| {
            let hashes: Option<Vec<Hash>> =
                subtrees(leaves.clone()).into_iter().map(&known).collect();
            hashes.map(|hashes| fold(&hashes))
        };
        self.0.iter().map(root).collect()
    }
}

/// The complete subtrees that make up a range of leaves, left to right. The range is one that
/// the RFC's recursion comes to: it starts at a multiple of the largest of them.
pub(super) fn subtrees(leaves: Range<u64>) -> Vec<NodeId> {
    let mut nodes = Vec::new();
    let mut start = leaves.start;
    while start < leaves.end {
        let level = (leaves.end - start).ilog2();
        nodes.push(NodeId { level, idx: start >> level });
        start += 1 << level;
    }
    nodes
}

/// The root above complete subtrees of shrinking sizes.
pub(super) fn fold(hashes: &[Hash]) -> Hash {
    let root = hashes.iter().rev().copied().reduce(|right, left| node_hash(left, right));
    root.unwrap_or_else(empty_root)
}

/// The largest power of two below `n`, which is above 1.
fn split(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}
