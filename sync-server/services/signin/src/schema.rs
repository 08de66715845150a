//! The tables. What belongs to an account is headed by its id; what must be unique among all is
//! reserved first.

use domain::subject::{Holding, Key, OnErasure};
use engine_sql::Step;

pub const STEPS: &[Step] = &[
    (
        1,
        "what is under way",
        "CREATE TABLE sign_in_flow (
            token_hash TEXT NOT NULL PRIMARY KEY,
            kind TEXT NOT NULL,
            account_id TEXT,
            until_us BIGINT NOT NULL,
            body TEXT NOT NULL)",
    ),
    (2, "what is over", "CREATE INDEX sign_in_flow_until ON sign_in_flow (until_us)"),
    (
        3,
        "persons at providers",
        "CREATE TABLE identity_subject (
            provider TEXT NOT NULL,
            subject_hash TEXT NOT NULL,
            account_id TEXT NOT NULL,
            PRIMARY KEY (provider, subject_hash))",
    ),
    (
        4,
        "identities of accounts",
        "CREATE TABLE identity (
            account_id TEXT NOT NULL,
            provider TEXT NOT NULL,
            subject_hash TEXT NOT NULL,
            linked_at_us BIGINT NOT NULL,
            PRIMARY KEY (account_id, provider))",
    ),
    (
        5,
        "ids of credentials",
        "CREATE TABLE passkey_credential (
            credential_id TEXT NOT NULL PRIMARY KEY,
            account_id TEXT NOT NULL)",
    ),
    (
        6,
        "passkeys",
        "CREATE TABLE passkey (
            account_id TEXT NOT NULL,
            passkey_id TEXT NOT NULL,
            credential_id TEXT NOT NULL,
            name TEXT NOT NULL,
            key_text TEXT NOT NULL,
            state TEXT NOT NULL,
            created_at_us BIGINT NOT NULL,
            used_at_us BIGINT,
            PRIMARY KEY (account_id, passkey_id))",
    ),
];

const ACCOUNT: &[Key] = &[Key::Id("account_id")];

/// What this service holds about persons.
pub const HOLDINGS: &[Holding] = &[
    Holding {
        table: "sign_in_flow",
        keys: ACCOUNT,
        what: "A sign-in or a new passkey that is under way",
        why: "To go on when your browser comes back",
        kept: "Ten minutes at most",
        secret: &["token_hash", "body"],
        on_erasure: OnErasure::Delete,
    },
    Holding {
        table: "identity",
        keys: ACCOUNT,
        what: "Which providers you sign in with",
        why: "To know you when the provider vouches for you",
        kept: "Until you unlink the provider or erase the account",
        secret: &["subject_hash"],
        on_erasure: OnErasure::Delete,
    },
    Holding {
        table: "identity_subject",
        keys: ACCOUNT,
        what: "That a person at a provider is you",
        why: "So that one person at a provider has one account",
        kept: "Until you unlink the provider or erase the account",
        secret: &["subject_hash"],
        on_erasure: OnErasure::Delete,
    },
    Holding {
        table: "passkey",
        keys: ACCOUNT,
        what: "Your passkeys: their names, public keys and last use",
        why: "To verify that a passkey is yours",
        kept: "Until you delete the passkey or erase the account",
        secret: &["key_text", "state"],
        on_erasure: OnErasure::Delete,
    },
    Holding {
        table: "passkey_credential",
        keys: ACCOUNT,
        what: "The ids of your passkeys",
        why: "So that a passkey belongs to one account",
        kept: "Until you delete the passkey or erase the account",
        secret: &[],
        on_erasure: OnErasure::Delete,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_says_what_it_holds() {
        for (_, _, sql) in STEPS {
            let Some(table) = sql.strip_prefix("CREATE TABLE ") else { continue };
            let (table, _) = table.split_once(' ').unwrap();
            assert!(HOLDINGS.iter().any(|holding| holding.table == table), "{table}");
        }
    }
}
