//! What makes the audit log provable to whoever reads it: the hashes of a Merkle tree (RFC 9162,
//! section 2.1), what is hashed of a record, and how proofs are verified ([`verify`]).
//!
//! The server grows the tree and makes proofs; a player verifies them by itself. Both build on this.

pub mod verify;

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    audit::{Act, Reason, RetentionClass, Token, Verb},
    ids::ActId,
};

/// A SHA-256 hash. Its text is standard base64.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hash(pub [u8; 32]);

/// The text is no hash.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a SHA-256 hash in base64")]
pub struct HashError;

/// The root of a tree without leaves: the hash of nothing.
pub fn empty_root() -> Hash {
    Hash(Sha256::digest([]).into())
}

/// `HASH(0x00 || bytes)`.
pub fn leaf_hash(bytes: &[u8]) -> Hash {
    Hash(Sha256::new().chain_update([0]).chain_update(bytes).finalize().into())
}

/// `HASH(0x01 || left || right)`.
pub fn node_hash(left: Hash, right: Hash) -> Hash {
    Hash(
        Sha256::new()
            .chain_update([1])
            .chain_update(left.0)
            .chain_update(right.0)
            .finalize()
            .into(),
    )
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl FromStr for Hash {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        let bytes = STANDARD.decode(text).map_err(|_| HashError)?;
        bytes.try_into().map(Self).map_err(|_| HashError)
    }
}

impl TryFrom<String> for Hash {
    type Error = HashError;

    fn try_from(text: String) -> Result<Self, HashError> {
        text.parse()
    }
}

impl From<Hash> for String {
    fn from(hash: Hash) -> Self {
        hash.to_string()
    }
}

/// What is hashed of a record: one JSON object on one line, its fields in this order, without
/// spaces. Each content has one such form, since serialising has no choices here.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// Place in the log, from 0 up without gaps.
    pub seq: u64,
    id: ActId,
    at_us: i64,
    actor: Option<Token>,
    verb: Verb,
    object: Token,
    reason: Option<Reason>,
    class: RetentionClass,
}

impl Content {
    pub fn new(seq: u64, act: Act) -> Self {
        let Act { id, at_us, actor, verb, object, reason, class } = act;
        Self { seq, id, at_us, actor, verb, object, reason, class }
    }

    pub fn into_act(self) -> Act {
        let Self { seq: _, id, at_us, actor, verb, object, reason, class } = self;
        Act { id, at_us, actor, verb, object, reason, class }
    }

    /// The canonical bytes.
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("numbers and texts always serialise")
    }

    pub fn leaf(&self) -> Hash {
        leaf_hash(self.text().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A published form: were it to change, no old file would verify any more.
    #[test]
    fn the_canonical_form_stays() {
        let act = Act {
            id: ActId::new(1_700_000_000_000, [7; 10]),
            at_us: 1_700_000_000_000_000,
            actor: None,
            verb: Verb::new("role_grant").unwrap(),
            object: Token::new("account:1").unwrap(),
            reason: Some(Reason::new("asked \"by\" ü").unwrap()),
            class: RetentionClass::Security,
        };
        let content = Content::new(12, act.clone());
        assert_eq!(
            content.text(),
            r#"{"seq":12,"id":"018bcfe5-6800-7707-8707-070707070707","at_us":1700000000000000,"#
                .to_owned()
                + r#""actor":null,"verb":"role_grant","object":"account:1","#
                + r#""reason":"asked \"by\" ü","class":"security"}"#
        );
        assert_eq!(content.leaf(), leaf_hash(content.text().as_bytes()));
        assert_eq!(serde_json::from_str::<Content>(&content.text()).unwrap(), content);
        assert_eq!(content.into_act(), act);
    }
}
