//! The tables. `account_id` heads every key, so that a distributed engine keeps all that belongs
//! to an account in one place.

use engine_sql::Step;

pub const STEPS: &[Step] = &[
    (
        1,
        "standing: whose data is restricted, and whose is held",
        "CREATE TABLE privacy_standing (
            account_id TEXT NOT NULL PRIMARY KEY,
            restricted_at_us BIGINT,
            held_at_us BIGINT)",
    ),
    (
        2,
        // The id is that of the act in the audit log, which proves it.
        "answers about consents",
        "CREATE TABLE privacy_consent (
            account_id TEXT NOT NULL,
            act_id TEXT NOT NULL,
            purpose TEXT NOT NULL,
            version BIGINT NOT NULL,
            is_given BIGINT NOT NULL,
            at_us BIGINT NOT NULL,
            PRIMARY KEY (account_id, act_id))",
    ),
    (
        3,
        "exports",
        "CREATE TABLE privacy_export (
            account_id TEXT NOT NULL,
            export_id TEXT NOT NULL,
            asked_at_us BIGINT NOT NULL,
            state TEXT NOT NULL,
            n_tries BIGINT NOT NULL,
            n_done BIGINT NOT NULL,
            n_total BIGINT NOT NULL,
            size_bytes BIGINT,
            expires_at_us BIGINT,
            PRIMARY KEY (account_id, export_id))",
    ),
    (4, "exports by state", "CREATE INDEX privacy_export_by_state ON privacy_export (state)"),
    (
        5,
        "erasures",
        "CREATE TABLE privacy_erasure (
            account_id TEXT NOT NULL,
            erasure_id TEXT NOT NULL,
            state TEXT NOT NULL,
            asked_at_us BIGINT NOT NULL,
            due_at_us BIGINT NOT NULL,
            done_at_us BIGINT,
            PRIMARY KEY (account_id, erasure_id))",
    ),
    (
        6,
        "erasures by state",
        "CREATE INDEX privacy_erasure_by_state ON privacy_erasure (state, due_at_us)",
    ),
    (
        7,
        "cases",
        "CREATE TABLE privacy_case (
            account_id TEXT NOT NULL,
            case_id TEXT NOT NULL,
            kind TEXT NOT NULL,
            state TEXT NOT NULL,
            opened_at_us BIGINT NOT NULL,
            due_at_us BIGINT NOT NULL,
            is_extended BIGINT NOT NULL,
            closed_at_us BIGINT,
            PRIMARY KEY (account_id, case_id))",
    ),
    (8, "cases by id", "CREATE INDEX privacy_case_by_id ON privacy_case (case_id)"),
    (9, "cases by state", "CREATE INDEX privacy_case_by_state ON privacy_case (state, due_at_us)"),
    (
        10,
        // A night counts from when it was first looked at, so that a server that is only up by
        // day has its runs as well.
        "nightly job",
        "CREATE TABLE privacy_run (
            job TEXT NOT NULL PRIMARY KEY,
            since_us BIGINT NOT NULL,
            last_run_at_us BIGINT)",
    ),
    (
        11,
        "what the last run dropped",
        "CREATE TABLE privacy_rule (
            rule_id TEXT NOT NULL PRIMARY KEY,
            n_dropped BIGINT NOT NULL)",
    ),
    (
        12,
        "closed cases by their end",
        "CREATE INDEX privacy_case_by_end ON privacy_case (closed_at_us, case_id)",
    ),
];
