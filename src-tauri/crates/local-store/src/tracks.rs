//! Tracks seen, so that queue and history have names without the server.

use domain::TrackId;
use rusqlite::params;
use serde::{Serialize, de::DeserializeOwned};

use crate::{Error, Result, Store};

/// Some 150 MB; two of the largest queues.
pub const TRACKS_MAX: u32 = 100_000;

impl Store {
    /// Those of `ids` that are known, in no order.
    pub fn tracks<T: DeserializeOwned>(&self, owner: &str, ids: &[TrackId]) -> Result<Vec<T>> {
        let connection = self.connection();
        let read = || -> rusqlite::Result<Vec<T>> {
            let mut statement =
                connection.prepare_cached("SELECT json FROM track WHERE owner = ?1 AND id = ?2")?;
            let mut known = Vec::new();
            for id in ids {
                let mut rows = statement.query(params![owner, id.to_string()])?;
                if let Some(row) = rows.next()? {
                    // One written by another version and not understood is asked for again.
                    known.extend(serde_json::from_str(row.get_ref(0)?.as_str()?).ok());
                }
            }
            Ok(known)
        };
        read().map_err(Error::sql("reading tracks"))
    }

    pub fn set_tracks<'a, T: Serialize + 'a>(
        &self,
        owner: &str,
        tracks: impl IntoIterator<Item = (TrackId, &'a T)>,
        now_us: i64,
    ) -> Result<()> {
        let sql = || Error::sql("saving tracks");
        let mut connection = self.connection();
        let transaction = connection.transaction().map_err(sql())?;
        {
            let mut statement = transaction
                .prepare_cached(
                    "INSERT INTO track (owner, id, json, used) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (owner, id) DO UPDATE
                     SET json = excluded.json, used = excluded.used",
                )
                .map_err(sql())?;
            for (id, track) in tracks {
                let json = serde_json::to_string(track)
                    .map_err(|source| Error::Json { what: "a track", source })?;
                statement.execute(params![owner, id.to_string(), json, now_us]).map_err(sql())?;
            }
        }
        transaction
            .execute(
                "DELETE FROM track WHERE used <
                 (SELECT used FROM track ORDER BY used DESC LIMIT 1 OFFSET ?1)",
                params![TRACKS_MAX],
            )
            .map_err(sql())?;
        transaction.commit().map_err(sql())
    }
}
