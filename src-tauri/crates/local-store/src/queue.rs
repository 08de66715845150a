//! The queue and how far its current entry was played.

use domain::queue::EntryId;
use rusqlite::{OptionalExtension, params};
use serde::{Serialize, de::DeserializeOwned};

use crate::{Error, Result, Store};

/// A queue as it was saved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredQueue<T> {
    pub snapshot: T,
    /// Saved last: the entry and its position, which may be newer than the snapshot.
    pub position: Option<(EntryId, u64)>,
}

impl Store {
    pub fn queue<T: DeserializeOwned>(&self, owner: &str) -> Result<Option<StoredQueue<T>>> {
        let connection = self.connection();
        let sql = Error::sql;
        let json: Option<String> = connection
            .query_row("SELECT snapshot FROM queue WHERE owner = ?1", [owner], |row| row.get(0))
            .optional()
            .map_err(sql("reading the queue"))?;
        let Some(json) = json else { return Ok(None) };
        let position = connection
            .query_row("SELECT entry, position_ms FROM position WHERE owner = ?1", [owner], |row| {
                let (entry, position_ms): (i64, i64) = (row.get(0)?, row.get(1)?);
                Ok((EntryId(entry.cast_unsigned()), position_ms.cast_unsigned()))
            })
            .optional()
            .map_err(sql("reading the position"))?;
        let snapshot = serde_json::from_str(&json)
            .map_err(|source| Error::Json { what: "the queue", source })?;
        Ok(Some(StoredQueue { snapshot, position }))
    }

    pub fn set_queue<T: Serialize>(&self, owner: &str, snapshot: &T) -> Result<()> {
        let json = serde_json::to_string(snapshot)
            .map_err(|source| Error::Json { what: "the queue", source })?;
        self.connection()
            .execute(
                "INSERT INTO queue (owner, snapshot) VALUES (?1, ?2)
                 ON CONFLICT (owner) DO UPDATE SET snapshot = excluded.snapshot",
                params![owner, json],
            )
            .map_err(Error::sql("saving the queue"))?;
        Ok(())
    }

    /// Keeps a queue that cannot be read out of the way of the next one. One kept before goes.
    pub fn set_queue_aside(&self, owner: &str) -> Result<()> {
        self.connection()
            .execute(
                "UPDATE OR REPLACE queue SET owner = ?2 WHERE owner = ?1",
                params![owner, format!("{owner} (unreadable)")],
            )
            .map_err(Error::sql("putting the queue aside"))?;
        Ok(())
    }

    pub fn set_position(&self, owner: &str, entry: EntryId, position_ms: u64) -> Result<()> {
        self.connection()
            .execute(
                "INSERT INTO position (owner, entry, position_ms) VALUES (?1, ?2, ?3)
                 ON CONFLICT (owner) DO UPDATE
                 SET entry = excluded.entry, position_ms = excluded.position_ms",
                params![owner, entry.0.cast_signed(), position_ms.cast_signed()],
            )
            .map_err(Error::sql("saving the position"))?;
        Ok(())
    }
}
