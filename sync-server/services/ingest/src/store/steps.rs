//! Migrations.

use engine_sql::Step;

pub(super) const STEPS: &[Step] = &[
    (
        1,
        "roots",
        "CREATE TABLE ingest_root (
            root_id TEXT NOT NULL PRIMARY KEY,
            directory BYTEA NOT NULL)",
    ),
    (
        2,
        "files",
        "CREATE TABLE ingest_file (
            root_id TEXT NOT NULL,
            path BYTEA NOT NULL,
            folder BYTEA NOT NULL,
            size_bytes BIGINT NOT NULL,
            mtime_us BIGINT NOT NULL,
            content_hash BYTEA NOT NULL,
            track_id TEXT NOT NULL,
            content_type TEXT NOT NULL,
            release_key TEXT NOT NULL,
            state TEXT NOT NULL,
            remark TEXT NOT NULL,
            examiner BIGINT NOT NULL,
            PRIMARY KEY (root_id, path))",
    ),
    (3, "files by track", "CREATE INDEX ingest_file_track ON ingest_file (track_id)"),
    (4, "files by content", "CREATE INDEX ingest_file_content ON ingest_file (content_hash)"),
    (5, "files by size", "CREATE INDEX ingest_file_size ON ingest_file (size_bytes)"),
    (6, "files by folder", "CREATE INDEX ingest_file_folder ON ingest_file (root_id, folder)"),
    (
        7,
        "imports",
        "CREATE TABLE ingest_import (
            import_id TEXT NOT NULL PRIMARY KEY,
            root_id TEXT NOT NULL,
            state TEXT NOT NULL,
            body TEXT NOT NULL,
            started_at_us BIGINT NOT NULL)",
    ),
    (
        8,
        "cover images beside files",
        "ALTER TABLE ingest_file ADD COLUMN images BIGINT NOT NULL DEFAULT 0",
    ),
];
