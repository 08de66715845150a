//! The tables. `account_id` heads every key, so that a distributed engine keeps all that
//! belongs to an account in one place; what must be unique among all is reserved first.

use engine_sql::{Db, Step, outbox};

/// Makes the tables. [`crate::Service::open`] does it as well; whoever has tables that were among
/// these once (subscriptions, second factors) calls it first.
pub async fn migrate(db: &Db) -> Result<(), engine_sql::Error> {
    db.migrate("accounts", STEPS).await?;
    outbox::migrate(db).await
}

const STEPS: &[Step] = &[
    (
        1,
        "account",
        "CREATE TABLE account (
            account_id TEXT NOT NULL PRIMARY KEY,
            email TEXT NOT NULL,
            display_name TEXT NOT NULL,
            password_hash TEXT NOT NULL,
            roles TEXT NOT NULL,
            created_at_us BIGINT NOT NULL)",
    ),
    (
        2,
        "email reservation",
        "CREATE TABLE account_email (
            email_hash TEXT NOT NULL PRIMARY KEY,
            account_id TEXT NOT NULL,
            reserved_at_us BIGINT NOT NULL)",
    ),
    (
        3,
        "first owner",
        "CREATE TABLE account_first (
            place TEXT NOT NULL PRIMARY KEY,
            account_id TEXT NOT NULL)",
    ),
    (
        4,
        "session",
        "CREATE TABLE session (
            account_id TEXT NOT NULL,
            session_id TEXT NOT NULL,
            device_name TEXT NOT NULL,
            created_at_us BIGINT NOT NULL,
            used_at_us BIGINT NOT NULL,
            ended_at_us BIGINT,
            end_reason TEXT,
            PRIMARY KEY (account_id, session_id))",
    ),
    (
        5,
        "refresh token",
        "CREATE TABLE session_token (
            account_id TEXT NOT NULL,
            session_id TEXT NOT NULL,
            token_hash TEXT NOT NULL,
            generation BIGINT NOT NULL,
            used_at_us BIGINT,
            PRIMARY KEY (account_id, session_id, token_hash))",
    ),
    (6, "ended sessions", "CREATE INDEX session_ended ON session (ended_at_us)"),
    (
        7,
        "profile: visibility",
        "ALTER TABLE account ADD COLUMN visibility TEXT NOT NULL DEFAULT 'private'",
    ),
    (8, "profile: country", "ALTER TABLE account ADD COLUMN country TEXT"),
    (9, "profile: language", "ALTER TABLE account ADD COLUMN language TEXT"),
    (10, "session: device", "ALTER TABLE session ADD COLUMN device_id TEXT"),
    (11, "session: network of last use", "ALTER TABLE session ADD COLUMN last_network TEXT"),
    (
        12,
        "subscription",
        "CREATE TABLE subscription (
            account_id TEXT NOT NULL PRIMARY KEY,
            plan_id TEXT,
            standing TEXT NOT NULL,
            until_us BIGINT NOT NULL,
            grace_us BIGINT NOT NULL,
            had_trial BIGINT NOT NULL,
            changed_at_us BIGINT NOT NULL)",
    ),
    // Few accounts are in these two: whose roles ever changed, and who has more than one.
    (
        13,
        "changes of roles",
        "CREATE TABLE role_change (
            account_id TEXT NOT NULL PRIMARY KEY,
            version BIGINT NOT NULL,
            changed_at_us BIGINT NOT NULL)",
    ),
    (
        14,
        "who holds a role",
        "CREATE TABLE role_holder (
            account_id TEXT NOT NULL,
            role TEXT NOT NULL,
            PRIMARY KEY (account_id, role))",
    ),
    (
        15,
        "owners so far",
        "INSERT INTO role_holder (account_id, role)
         SELECT account_id, 'owner' FROM account WHERE roles LIKE '%owner%'",
    ),
    (
        16,
        "authenticator app",
        "CREATE TABLE totp (
            account_id TEXT NOT NULL PRIMARY KEY,
            field TEXT NOT NULL,
            is_on BIGINT NOT NULL,
            last_step BIGINT NOT NULL,
            changed_at_us BIGINT NOT NULL)",
    ),
    (
        17,
        "recovery codes",
        "CREATE TABLE recovery_code (
            account_id TEXT NOT NULL,
            code_hash TEXT NOT NULL,
            PRIMARY KEY (account_id, code_hash))",
    ),
    (18, "address confirmed", "ALTER TABLE account ADD COLUMN email_verified_at_us BIGINT"),
    (
        19,
        "links in mails",
        "CREATE TABLE link (
            account_id TEXT NOT NULL,
            token_hash TEXT NOT NULL,
            purpose TEXT NOT NULL,
            until_us BIGINT NOT NULL,
            PRIMARY KEY (account_id, token_hash))",
    ),
    // The address itself is in the vault, in this field; `email` is empty once it moved there.
    (
        20,
        "address: where it is",
        "ALTER TABLE account ADD COLUMN email_field TEXT NOT NULL DEFAULT ''",
    ),
    (
        21,
        "address: its reservation",
        "ALTER TABLE account ADD COLUMN email_hash TEXT NOT NULL DEFAULT ''",
    ),
    (
        22,
        "session: when its person showed who they are",
        "ALTER TABLE session ADD COLUMN authenticated_at_us BIGINT NOT NULL DEFAULT 0",
    ),
    (
        23,
        "another address",
        "CREATE TABLE email_change (
            account_id TEXT NOT NULL PRIMARY KEY,
            email_field TEXT NOT NULL,
            email_hash TEXT NOT NULL,
            is_old_confirmed BIGINT NOT NULL,
            is_new_confirmed BIGINT NOT NULL,
            until_us BIGINT NOT NULL)",
    ),
    (
        24,
        "profile: birth date, in the vault",
        "ALTER TABLE account ADD COLUMN has_birth_date BIGINT NOT NULL DEFAULT 0",
    ),
    (25, "profile: picture, in the vault", "ALTER TABLE account ADD COLUMN avatar TEXT"),
];
