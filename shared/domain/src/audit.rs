//! Acts worth a record: who did what to what, and why.
//!
//! An act names people and things by tokens only. A token means nothing without the tables that
//! resolve it, so that a record can stay for ever while what it is about is erased.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::ActId;

/// Outbox topic on which services hand over what they did.
pub const TOPIC: &str = "audit";

/// Of a token, in bytes.
pub const TOKEN_BYTES_MAX: usize = 128;

/// Of a verb, in bytes.
pub const VERB_BYTES_MAX: usize = 64;

/// Of a reason, in characters.
pub const REASON_CHARS_MAX: usize = 500;

/// The text cannot be what it was given for.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a valid {what} of an act")]
pub struct ActError {
    pub what: &'static str,
}

/// How long the content of a record is kept. Its hash stays in any case.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RetentionClass {
    /// Who may do what: roles, keys, settings. Kept longest, for investigations.
    Security,
    /// What was done with the data of a person: consent, export, erasure. The proof that a
    /// duty was met (GDPR, article 5(2)), kept as long as someone may ask for it.
    Privacy,
    /// Who came in and looked at what: sign-ins, reading. Kept shortest, since these records
    /// trace what people do.
    Access,
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident as $shown:ident, $what:literal, $check:path, $pattern:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[cfg_attr(feature = "openapi", schema(as = $shown, value_type = String, pattern = $pattern))]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            pub fn new(text: impl Into<String>) -> Result<Self, ActError> {
                let text = text.into();
                if $check(&text) { Ok(Self(text)) } else { Err(ActError { what: $what }) }
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = ActError;

            fn try_from(text: String) -> Result<Self, ActError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text!(
    /// Stands for someone or something, such as `account:0190…`. 1 to 128 letters, digits and
    /// `:._/-` of ASCII: there is no room for a name or an address in it.
    Token as AuditToken, "token", is_token, "^[A-Za-z0-9:._/-]{1,128}$"
);
text!(
    /// What was done, named as operations are everywhere: `session_create`, `role_grant`.
    Verb as AuditVerb, "verb", is_verb, "^[a-z][a-z0-9_]{0,63}$"
);
text!(
    /// Why, in the words of whoever did it: 1 to 500 characters on one line, with nothing in it
    /// that tells who is meant.
    Reason as AuditReason, "reason", is_reason, r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]{1,500}$"
);

/// Someone did something to something.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = AuditAct))]
#[serde(deny_unknown_fields)]
pub struct Act {
    pub id: ActId,
    /// Microseconds since 1970.
    pub at_us: i64,
    /// Null for the system itself, and for someone who is not signed in.
    pub actor: Option<Token>,
    pub verb: Verb,
    pub object: Token,
    pub reason: Option<Reason>,
    pub class: RetentionClass,
}

fn is_token(text: &str) -> bool {
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || b":._/-".contains(&b);
    (1..=TOKEN_BYTES_MAX).contains(&text.len()) && text.bytes().all(is_allowed)
}

fn is_verb(text: &str) -> bool {
    let is_allowed = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_');
    text.len() <= VERB_BYTES_MAX
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(is_allowed)
}

fn is_reason(text: &str) -> bool {
    // The separators are no controls, but break lines for some who read JSON lines.
    let is_break = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    (1..=REASON_CHARS_MAX).contains(&text.chars().count()) && !text.chars().any(is_break)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_no_room_for_names() {
        assert!(Token::new("account:0190a5f0-0000-7000-8000-000000000000").is_ok());
        for text in ["", "ann@example.org", "Ann Other", "a\"b", "é", &"x".repeat(129)] {
            assert_eq!(Token::new(text), Err(ActError { what: "token" }), "{text}");
        }
    }

    #[test]
    fn verbs_are_named_as_operations_are() {
        assert!(Verb::new("role_grant").is_ok() && Verb::new("v".repeat(64)).is_ok());
        for text in ["", "Role", "role-grant", "_x", "1x", "é", &"v".repeat(65)] {
            assert!(Verb::new(text).is_err(), "{text}");
        }
    }

    #[test]
    fn reasons_stay_on_a_line() {
        assert!(Reason::new("ö".repeat(500)).is_ok());
        for text in ["", "a\nb", "a\0b", "a\u{2028}b", &"x".repeat(501)] {
            assert!(Reason::new(text).is_err(), "{text}");
        }
    }
}
