//! The tables. `account_id` heads every key, so that a distributed engine keeps all that
//! belongs to an account in one place; what must be unique among all is reserved first.

use engine_sql::Step;

pub const STEPS: &[Step] = &[
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
];
