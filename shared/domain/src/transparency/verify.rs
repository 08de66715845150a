//! Verifying proofs, step by step as the RFC has it.

use super::{Hash, node_hash};

/// Says whether `leaf` is number `seq` of the tree of `size` with `root` (RFC 9162, section
/// 2.1.3.2).
pub fn inclusion(leaf: Hash, seq: u64, size: u64, path: &[Hash], root: Hash) -> bool {
    if seq >= size {
        return false;
    }
    // `fn` and `sn` of the RFC.
    let (mut first, mut second) = (seq, size - 1);
    let mut hash = leaf;
    for &next in path {
        if second == 0 {
            return false;
        }
        if is_right(first) || first == second {
            hash = node_hash(next, hash);
            climb(&mut first, &mut second);
        } else {
            hash = node_hash(hash, next);
        }
        first >>= 1;
        second >>= 1;
    }
    second == 0 && hash == root
}

/// Says whether the tree of `from` leaves is the beginning of that of `to` leaves (RFC 9162,
/// section 2.1.4.2). Two trees of one size are consistent where they are the same.
pub fn consistency(from: u64, to: u64, from_root: Hash, to_root: Hash, path: &[Hash]) -> bool {
    if from == to {
        return from > 0 && path.is_empty() && from_root == to_root;
    }
    if from == 0 || from > to || path.is_empty() {
        return false;
    }
    let shared = from.is_power_of_two().then_some(from_root);
    let mut path = shared.into_iter().chain(path.iter().copied());
    let (mut first, mut second) = (from - 1, to - 1);
    while is_right(first) {
        first >>= 1;
        second >>= 1;
    }
    let Some(start) = path.next() else { return false };
    let (mut old, mut new) = (start, start);
    for next in path {
        if second == 0 {
            return false;
        }
        if is_right(first) || first == second {
            old = node_hash(next, old);
            new = node_hash(next, new);
            climb(&mut first, &mut second);
        } else {
            new = node_hash(new, next);
        }
        first >>= 1;
        second >>= 1;
    }
    second == 0 && old == from_root && new == to_root
}

/// The least significant bit is set: a right child.
fn is_right(idx: u64) -> bool {
    idx & 1 == 1
}

/// Skips the levels on which the last node has no sibling.
fn climb(first: &mut u64, second: &mut u64) {
    while !is_right(*first) && *first != 0 {
        *first >>= 1;
        *second >>= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transparency::leaf_hash;

    /// The tree of three leaves: `((a b) c)`. Larger ones are tested where trees grow.
    #[test]
    fn proofs_lead_to_the_root_of_their_tree_only() {
        let [a, b, c] = [b"a", b"b", b"c"].map(|bytes| leaf_hash(bytes));
        let ab = node_hash(a, b);
        let abc = node_hash(ab, c);
        assert!(inclusion(a, 0, 3, &[b, c], abc) && inclusion(c, 2, 3, &[ab], abc));
        assert!(!inclusion(b, 0, 3, &[b, c], abc) && !inclusion(c, 2, 3, &[a], abc));
        assert!(!inclusion(c, 3, 3, &[ab], abc) && !inclusion(a, 0, 3, &[b], abc));
        assert!(consistency(2, 3, ab, abc, &[c]) && consistency(3, 3, abc, abc, &[]));
        assert!(!consistency(2, 3, abc, abc, &[c]) && !consistency(0, 3, ab, abc, &[c]));
    }
}
