//! A record of the log and its canonical bytes, which the tree hashes.

use domain::{
    ActId,
    audit::{Act, Reason, RetentionClass, Token, Verb},
};
use serde::{Deserialize, Serialize};

use crate::merkle::{Hash, leaf_hash};

/// A record, whose content may be gone: its leaf stays, so that proofs stay good.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// Place in the log, from 0 up without gaps.
    pub seq: u64,
    pub leaf: Hash,
    /// `None` once its retention has ended.
    pub act: Option<Act>,
}

/// What is hashed: one JSON object on one line, its fields in this order, without spaces. Each
/// content has one such form, since serialising has no choices here.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Content {
    pub(crate) seq: u64,
    id: ActId,
    at_us: i64,
    actor: Option<Token>,
    verb: Verb,
    object: Token,
    reason: Option<Reason>,
    class: RetentionClass,
}

impl Content {
    pub(crate) fn new(seq: u64, act: Act) -> Self {
        let Act { id, at_us, actor, verb, object, reason, class } = act;
        Self { seq, id, at_us, actor, verb, object, reason, class }
    }

    pub(crate) fn into_act(self) -> Act {
        let Self { seq: _, id, at_us, actor, verb, object, reason, class } = self;
        Act { id, at_us, actor, verb, object, reason, class }
    }

    /// The canonical bytes.
    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).expect("numbers and texts always serialise")
    }

    pub(crate) fn leaf(&self) -> Hash {
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
