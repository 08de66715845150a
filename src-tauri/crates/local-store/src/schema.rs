//! The tables, as steps that each database takes once.

use rusqlite::Connection;

use crate::{Error, Result};

/// Steps in order; `user_version` counts those taken. A step, once released, never changes.
const STEPS: &[&str] = &["
    CREATE TABLE value (
        key TEXT PRIMARY KEY,
        json TEXT NOT NULL
    ) STRICT;

    -- Owners are an account on a server; a device may see several.
    CREATE TABLE queue (
        owner TEXT PRIMARY KEY,
        snapshot TEXT NOT NULL
    ) STRICT;
    -- Beside the queue, because it changes every second and the queue may be large.
    CREATE TABLE position (
        owner TEXT PRIMARY KEY,
        entry INTEGER NOT NULL,
        position_ms INTEGER NOT NULL
    ) STRICT;

    -- History and outbox in one: a play leaves the outbox when the server has it.
    CREATE TABLE play (
        id TEXT PRIMARY KEY,
        owner TEXT NOT NULL,
        track_id TEXT NOT NULL,
        started_at_us INTEGER NOT NULL,
        listened_ms INTEGER NOT NULL,
        is_over INTEGER NOT NULL,
        is_reported INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX play_history ON play (owner, started_at_us);
    CREATE INDEX play_outbox ON play (owner, started_at_us) WHERE is_reported = 0;

    CREATE TABLE page (
        owner TEXT NOT NULL,
        path TEXT NOT NULL,
        etag TEXT,
        json TEXT NOT NULL,
        n_bytes INTEGER NOT NULL,
        used INTEGER NOT NULL,
        PRIMARY KEY (owner, path)
    ) STRICT;
    CREATE INDEX page_used ON page (used, owner, path, n_bytes);

    CREATE TABLE track (
        owner TEXT NOT NULL,
        id TEXT NOT NULL,
        json TEXT NOT NULL,
        used INTEGER NOT NULL,
        PRIMARY KEY (owner, id)
    ) STRICT;
    CREATE INDEX track_used ON track (used);

    CREATE TABLE cover (
        id TEXT NOT NULL,
        size TEXT NOT NULL,
        content_type TEXT NOT NULL,
        n_bytes INTEGER NOT NULL,
        used INTEGER NOT NULL,
        PRIMARY KEY (id, size)
    ) STRICT;
    CREATE INDEX cover_used ON cover (used, id, size, n_bytes);
"];

/// Brings a database to the newest schema; refuses one that is newer.
pub(crate) fn migrate(connection: &mut Connection) -> Result<()> {
    migrate_through(connection, STEPS)
}

fn migrate_through(connection: &mut Connection, steps: &[&str]) -> Result<()> {
    let sql = Error::sql("bringing the database up to date");
    let found: i64 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(Error::sql("reading the version of the database"))?;
    let known = i64::try_from(steps.len()).unwrap_or(i64::MAX);
    let Some(taken) = usize::try_from(found).ok().filter(|taken| *taken <= steps.len()) else {
        return Err(Error::Newer { found, known });
    };
    if taken == steps.len() {
        return Ok(());
    }
    let mut migrate = || {
        let transaction = connection.transaction()?;
        for step in &steps[taken..] {
            transaction.execute_batch(step)?;
        }
        transaction.pragma_update(None, "user_version", known)?;
        transaction.commit()
    };
    migrate().map_err(sql)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migration_takes_each_step_once_and_refuses_the_future() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate_through(&mut connection, &["CREATE TABLE a (x)"]).unwrap();
        let two = ["CREATE TABLE a (x)", "CREATE TABLE b (x)"];
        migrate_through(&mut connection, &two).unwrap();
        migrate_through(&mut connection, &two).unwrap();
        connection.execute_batch("SELECT x FROM a; SELECT x FROM b").unwrap();
        let refused = migrate_through(&mut connection, &["CREATE TABLE a (x)"]).unwrap_err();
        assert!(matches!(refused, Error::Newer { found: 2, known: 1 }));
        assert!(refused.to_string().contains("newer version of MelodyUD"));
    }

    #[test]
    fn failed_migration_leaves_nothing_behind() {
        let mut connection = Connection::open_in_memory().unwrap();
        let steps = ["CREATE TABLE a (x)", "nonsense"];
        assert!(migrate_through(&mut connection, &steps).is_err());
        migrate_through(&mut connection, &steps[..1]).unwrap();
    }
}
