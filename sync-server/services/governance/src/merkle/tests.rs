//! The tree against the RFC's own recursive definition, and against known answers.

use std::collections::HashMap;

use proptest::prelude::*;

use super::{Frontier, Hash, NodeId, empty_root, leaf_hash, node_hash, plan::Plan, verify};

/// Leaves and every complete subtree above them, as the log stores them.
struct Tree {
    leaves: Vec<Hash>,
    nodes: HashMap<NodeId, Hash>,
    frontier: Frontier,
}

impl Tree {
    fn of<T: AsRef<[u8]>>(entries: &[T]) -> Self {
        let mut tree =
            Self { leaves: Vec::new(), nodes: HashMap::new(), frontier: Frontier::default() };
        for entry in entries {
            let leaf = leaf_hash(entry.as_ref());
            let idx = tree.frontier.size();
            tree.nodes.insert(NodeId { level: 0, idx }, leaf);
            tree.frontier.push(leaf, |node, hash| {
                assert!(tree.nodes.insert(node, hash).is_none(), "{node:?} is complete once");
            });
            tree.leaves.push(leaf);
        }
        tree
    }

    fn numbered(n: u64) -> Self {
        Self::of(&(0..n).map(u64::to_be_bytes).collect::<Vec<_>>())
    }

    fn prove(&self, plan: &Plan) -> Vec<Hash> {
        plan.hashes(|node| self.nodes.get(&node).copied()).unwrap()
    }

    fn root(&self, size: u64) -> Hash {
        self.prove(&Plan::root(size))[0]
    }
}

/// `k` of the RFC.
fn split(n: usize) -> usize {
    let mut k = 1;
    while k * 2 < n {
        k *= 2;
    }
    k
}

/// `MTH(D_n)`, section 2.1.1.
fn mth(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(mth(left), mth(right))
        }
    }
}

/// `PATH(m, D_n)`, section 2.1.3.1.
fn path(m: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut path, sibling) = if m < left.len() {
        (path(m, left), mth(right))
    } else {
        (path(m - left.len(), right), mth(left))
    };
    path.push(sibling);
    path
}

/// `SUBPROOF(m, D_n, b)`, section 2.1.4.1.
fn subproof(m: usize, leaves: &[Hash], is_whole: bool) -> Vec<Hash> {
    if m == leaves.len() {
        return if is_whole { Vec::new() } else { vec![mth(leaves)] };
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut proof, sibling) = if m <= left.len() {
        (subproof(m, left, is_whole), mth(right))
    } else {
        (subproof(m - left.len(), right, false), mth(left))
    };
    proof.push(sibling);
    proof
}

fn hex(hash: Hash) -> String {
    hash.0.map(|byte| format!("{byte:02x}")).concat()
}

#[test]
fn the_empty_tree_is_the_hash_of_nothing() {
    let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(hex(empty_root()), nothing);
    assert_eq!(hex(Frontier::default().root()), nothing);
    assert_eq!(hex(Tree::numbered(3).root(0)), nothing);
}

/// The trees that implementations of Certificate Transparency test themselves with.
#[test]
fn known_trees_have_their_known_roots() {
    let entries: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    for (n, root) in (1..).zip(roots) {
        assert_eq!(hex(Tree::of(&entries[..n]).frontier.root()), root, "of {n} leaves");
    }
}

#[test]
fn small_trees_are_those_of_the_definition() {
    let tree = Tree::numbered(70);
    for n in 0..=70_usize {
        let leaves = &tree.leaves[..n];
        assert_eq!(tree.root(n as u64), mth(leaves));
        for m in 0..n {
            let plan = Plan::inclusion(m as u64, n as u64).unwrap();
            assert_eq!(tree.prove(&plan), path(m, leaves), "leaf {m} of {n}");
        }
        for m in 1..=n {
            let plan = Plan::consistency(m as u64, n as u64).unwrap();
            assert_eq!(tree.prove(&plan), subproof(m, leaves, true), "{m} to {n}");
        }
    }
}

#[test]
fn what_is_not_there_has_no_proof() {
    assert_eq!(Plan::inclusion(5, 5), None);
    assert_eq!(Plan::inclusion(0, 0), None);
    assert_eq!(Plan::consistency(0, 5), None);
    assert_eq!(Plan::consistency(6, 5), None);
    assert!(Plan::inclusion(u64::MAX - 1, u64::MAX).is_some());
    assert!(Plan::consistency(1, u64::MAX).is_some());
}

#[test]
fn a_proof_from_ten_million_reads_few_hashes() {
    let size = 10_000_000;
    let n_max = [0, 1, 4_999_999, 8_388_607, 9_999_998, size - 1]
        .map(|seq| Plan::inclusion(seq, size).unwrap().nodes().len())
        .into_iter()
        .max();
    assert!(n_max <= Some(48), "{n_max:?}");
}

#[test]
fn a_frontier_goes_on_from_stored_hashes() {
    let tree = Tree::numbered(40);
    for size in 0..40 {
        let peaks: Vec<Hash> = Frontier::nodes(size).iter().map(|node| tree.nodes[node]).collect();
        let mut frontier = Frontier::new(size, peaks.clone()).unwrap();
        frontier.push(tree.leaves[size as usize], |node, hash| {
            assert_eq!(tree.nodes[&node], hash);
        });
        assert_eq!(frontier.root(), tree.root(size + 1));
        assert_eq!(Frontier::new(size, [peaks, vec![empty_root()]].concat()), None);
    }
}

proptest! {
    #[test]
    fn inclusion_is_proved_of_that_leaf_in_that_tree_only(
        size in 1_u64..600, at in any::<prop::sample::Index>(), spoilt in any::<prop::sample::Index>()
    ) {
        let tree = Tree::numbered(size);
        let (seq, root) = (at.index(size as usize) as u64, tree.root(size));
        let leaf = tree.leaves[seq as usize];
        let path = tree.prove(&Plan::inclusion(seq, size).unwrap());
        prop_assert_eq!(&path, &self::path(seq as usize, &tree.leaves));
        prop_assert!(verify::inclusion(leaf, seq, size, &path, root));

        prop_assert!(!verify::inclusion(empty_root(), seq, size, &path, root));
        prop_assert!(!verify::inclusion(leaf, seq, size, &path, empty_root()));
        prop_assert!(!verify::inclusion(leaf, size, size, &path, root));
        prop_assert!(!verify::inclusion(leaf, seq, size, &[&path[..], &[leaf]].concat(), root));
        for other in [seq + 1, seq ^ 1].into_iter().filter(|other| *other < size) {
            prop_assert!(!verify::inclusion(leaf, other, size, &path, root));
        }
        if !path.is_empty() {
            let mut wrong = path.clone();
            wrong[spoilt.index(path.len())] = empty_root();
            prop_assert!(!verify::inclusion(leaf, seq, size, &wrong, root));
            prop_assert!(!verify::inclusion(leaf, seq, size, &path[1..], root));
        }
    }

    #[test]
    fn consistency_is_proved_of_a_beginning_only(
        to in 1_u64..600, at in any::<prop::sample::Index>(), spoilt in any::<prop::sample::Index>()
    ) {
        let tree = Tree::numbered(to);
        let from = at.index(to as usize) as u64 + 1;
        let (old, new) = (tree.root(from), tree.root(to));
        let path = tree.prove(&Plan::consistency(from, to).unwrap());
        prop_assert_eq!(&path, &subproof(from as usize, &tree.leaves, true));
        prop_assert!(verify::consistency(from, to, old, new, &path));

        prop_assert!(!verify::consistency(from, to, empty_root(), new, &path));
        prop_assert!(!verify::consistency(from, to, old, empty_root(), &path));
        prop_assert!(!verify::consistency(0, to, old, new, &path));
        prop_assert!(!verify::consistency(from, to, old, new, &[&path[..], &[new]].concat()));
        if !path.is_empty() {
            let mut wrong = path.clone();
            wrong[spoilt.index(path.len())] = empty_root();
            prop_assert!(!verify::consistency(from, to, old, new, &wrong));
            prop_assert!(!verify::consistency(from, to, old, new, &path[1..]));
        }
    }
}
