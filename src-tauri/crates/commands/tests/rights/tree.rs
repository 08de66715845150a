//! A log and its proofs, by the RFC's own recursive definition (RFC 9162, section 2.1).

use domain::{
    ActId,
    audit::{Act, RetentionClass, Token, Verb},
    transparency::{Content, Hash, empty_root, node_hash},
};

/// The act with that number.
pub fn act(seq: u64) -> Act {
    Act {
        id: ActId::new(1_700_000_000_000 + seq, [7; 10]),
        at_us: seq.cast_signed(),
        actor: None,
        verb: Verb::new("role_grant").expect("it is a verb"),
        object: Token::new(format!("account:{seq}")).expect("it is a token"),
        reason: None,
        class: RetentionClass::Security,
    }
}

/// Leaves of the first `n` acts.
pub fn leaves(n: u64) -> Vec<Hash> {
    (0..n).map(|seq| Content::new(seq, act(seq)).leaf()).collect()
}

/// `k` of the RFC.
fn split(n: usize) -> usize {
    n.next_power_of_two() / 2
}

/// `MTH(D_n)`, section 2.1.1.
pub fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(root(left), root(right))
        }
    }
}

/// `PATH(m, D_n)`, section 2.1.3.1.
pub fn inclusion(m: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() <= 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut path, sibling) = if m < left.len() {
        (inclusion(m, left), root(right))
    } else {
        (inclusion(m - left.len(), right), root(left))
    };
    path.push(sibling);
    path
}

/// `SUBPROOF(m, D_n, b)`, section 2.1.4.1.
pub fn consistency(m: usize, leaves: &[Hash], is_whole: bool) -> Vec<Hash> {
    if m == leaves.len() {
        return if is_whole { Vec::new() } else { vec![root(leaves)] };
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut proof, sibling) = if m <= left.len() {
        (consistency(m, left, is_whole), root(right))
    } else {
        (consistency(m - left.len(), right, false), root(left))
    };
    proof.push(sibling);
    proof
}
