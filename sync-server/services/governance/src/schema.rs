//! The tables. There is one log and one order of its records: the sequence heads every key.

use domain::subject::{Holding, Key, OnErasure};
use engine_sql::Step;

pub const STEPS: &[Step] = &[
    (
        1,
        // One row. Who appends holds it: two who append at once meet here.
        "head",
        "CREATE TABLE audit_head (
            log TEXT NOT NULL PRIMARY KEY,
            size BIGINT NOT NULL)",
    ),
    (
        2,
        // The body is gone once its retention has ended, and actor, verb and object with it.
        "record",
        "CREATE TABLE audit_record (
            seq BIGINT NOT NULL PRIMARY KEY,
            act_id TEXT NOT NULL,
            leaf BYTEA NOT NULL,
            class TEXT NOT NULL,
            at_us BIGINT NOT NULL,
            body TEXT,
            actor TEXT,
            verb TEXT,
            object TEXT)",
    ),
    (3, "record by act", "CREATE UNIQUE INDEX audit_record_by_act ON audit_record (act_id)"),
    (4, "record by actor", "CREATE INDEX audit_record_by_actor ON audit_record (actor, seq)"),
    (5, "record by verb", "CREATE INDEX audit_record_by_verb ON audit_record (verb, seq)"),
    (6, "record by object", "CREATE INDEX audit_record_by_object ON audit_record (object, seq)"),
    (
        7,
        // Complete subtrees from level 1 up; level 0 are the leaves of the records.
        "node",
        "CREATE TABLE audit_node (
            level BIGINT NOT NULL,
            idx BIGINT NOT NULL,
            hash BYTEA NOT NULL,
            PRIMARY KEY (level, idx))",
    ),
    (
        8,
        "checkpoint",
        "CREATE TABLE audit_checkpoint (
            size BIGINT NOT NULL PRIMARY KEY,
            note TEXT NOT NULL)",
    ),
    (
        9,
        // Those whose content may have to go; the others are not in it any more.
        "contents by age",
        "CREATE INDEX audit_record_by_age ON audit_record (class, at_us, seq)
         WHERE body IS NOT NULL",
    ),
    (
        10,
        // Public halves. Each signs from the checkpoint of its size on, which the one before signs
        // as well, up to that of the next.
        "keys that sign",
        "CREATE TABLE audit_key (
            from_size BIGINT NOT NULL PRIMARY KEY,
            key TEXT NOT NULL)",
    ),
];

/// What is held about persons in the log.
pub const HOLDINGS: &[Holding] = &[Holding {
    table: "audit_record",
    keys: &[Key::Token("actor"), Key::Token("object")],
    what: "What you did, and what was done with your account and your data",
    why: "To notice misuse, and to prove what was done",
    kept: "Usually 90 days for sign-ins, 3 years for what was done with your data, 5 for roles",
    secret: &[],
    on_erasure: OnErasure::Keep {
        why: "They prove what was done; the number in them means nothing any more",
    },
}];
