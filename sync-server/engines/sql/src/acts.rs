//! What the audit log is told: every act stands in the outbox in the transaction of its change.

use domain::{
    AccountId, DeviceId, SessionId,
    audit::{Act, RetentionClass, TOPIC, Token, Verb},
    ids::ActId,
};
use sqlx::AnyConnection;

use crate::{Error, outbox};

/// Who did something, and when (microseconds since 1970).
#[derive(Clone, Copy, Debug)]
pub struct By {
    /// `None` is who runs the machine, or the system itself.
    pub actor: Option<AccountId>,
    pub now_us: i64,
}

impl By {
    pub fn account(account: AccountId, now_us: i64) -> Self {
        Self { actor: Some(account), now_us }
    }

    /// An act upon who may do what. `verb` is snake case.
    pub fn security(self, verb: &'static str, object: Token) -> Act {
        self.act(RetentionClass::Security, verb, object)
    }

    /// An act upon the data of a person.
    pub fn privacy(self, verb: &'static str, object: Token) -> Act {
        self.act(RetentionClass::Privacy, verb, object)
    }

    /// Coming and going.
    pub fn access(self, verb: &'static str, object: Token) -> Act {
        self.act(RetentionClass::Access, verb, object)
    }

    fn act(self, class: RetentionClass, verb: &'static str, object: Token) -> Act {
        let now_ms = u64::try_from(self.now_us / 1_000).unwrap_or(0);
        Act {
            id: ActId::new(now_ms, rand::random()),
            at_us: self.now_us,
            actor: self.actor.map(account),
            verb: Verb::new(verb).expect("verbs in our code are snake case"),
            object,
            reason: None,
            class,
        }
    }
}

/// The token of an account.
pub fn account(id: AccountId) -> Token {
    Token::new(format!("account:{id}")).expect("an id is plain ASCII")
}

/// The token of a session.
pub fn session(id: SessionId) -> Token {
    Token::new(format!("session:{id}")).expect("an id is plain ASCII")
}

/// The token of a device.
pub fn device(id: DeviceId) -> Token {
    Token::new(format!("device:{id}")).expect("an id is plain ASCII")
}

/// Writes the act in the caller's transaction.
pub async fn put(tx: &mut AnyConnection, act: &Act) -> Result<(), Error> {
    let body = serde_json::to_string(act).expect("an act always serialises");
    outbox::put(tx, TOPIC, &act.id.to_string(), act.at_us, &body).await
}
