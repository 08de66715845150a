//! Plays: the listener's history, and the outbox of what the server has not heard of yet.

use domain::{PlayId, TrackId};
use rusqlite::{Row, params, params_from_iter};

use crate::{Error, Result, Store};

/// The history keeps so many plays; those not reported yet are kept beyond it.
const HISTORY_MAX: u32 = 10_000;

/// One play, by when it began.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredPlay {
    pub id: PlayId,
    pub track: TrackId,
    /// Microseconds since 1970.
    pub started_at_us: i64,
    pub listened_ms: u64,
    /// Nothing more will come of it.
    pub is_over: bool,
}

impl Store {
    /// Adds a play, or replaces what was known of it. One that is over stays so.
    pub fn set_play(&self, owner: &str, play: &StoredPlay) -> Result<()> {
        let sql = || Error::sql("saving a play");
        let mut connection = self.connection();
        let transaction = connection.transaction().map_err(sql())?;
        transaction
            .execute(
                "INSERT INTO play (id, owner, track_id, started_at_us, listened_ms, is_over)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (id) DO UPDATE
                 SET listened_ms = excluded.listened_ms, is_over = excluded.is_over
                 WHERE play.is_over = 0",
                params![
                    play.id.to_string(),
                    owner,
                    play.track.to_string(),
                    play.started_at_us,
                    i64::try_from(play.listened_ms).unwrap_or(i64::MAX),
                    play.is_over,
                ],
            )
            .map_err(sql())?;
        transaction
            .execute(
                "DELETE FROM play WHERE owner = ?1 AND is_reported = 1 AND started_at_us <
                 (SELECT started_at_us FROM play WHERE owner = ?1
                  ORDER BY started_at_us DESC LIMIT 1 OFFSET ?2)",
                params![owner, HISTORY_MAX],
            )
            .map_err(sql())?;
        transaction.commit().map_err(sql())
    }

    /// The latest plays, latest first.
    pub fn history(&self, owner: &str, limit: u32) -> Result<Vec<StoredPlay>> {
        self.plays("WHERE owner = ?1 ORDER BY started_at_us DESC LIMIT ?2", owner, limit)
    }

    /// Plays that are over and that the server does not know of, oldest first.
    pub fn outbox(&self, owner: &str, limit: u32) -> Result<Vec<StoredPlay>> {
        self.plays(
            "WHERE owner = ?1 AND is_reported = 0 AND is_over = 1
             ORDER BY started_at_us LIMIT ?2",
            owner,
            limit,
        )
    }

    /// Takes plays out of the outbox.
    pub fn plays_reported(&self, ids: &[PlayId]) -> Result<()> {
        let marks = vec!["?"; ids.len()].join(", ");
        let statement = format!("UPDATE play SET is_reported = 1 WHERE id IN ({marks})");
        self.connection()
            .execute(&statement, params_from_iter(ids.iter().map(ToString::to_string)))
            .map_err(Error::sql("marking plays as reported"))?;
        Ok(())
    }

    /// What a crash left open will not go on.
    pub(crate) fn plays_close_all(&self) -> Result<()> {
        self.connection()
            .execute("UPDATE play SET is_over = 1 WHERE is_over = 0", [])
            .map_err(Error::sql("closing plays"))?;
        Ok(())
    }

    fn plays(&self, condition: &str, owner: &str, limit: u32) -> Result<Vec<StoredPlay>> {
        let statement = format!(
            "SELECT id, track_id, started_at_us, listened_ms, is_over FROM play {condition}"
        );
        let connection = self.connection();
        let read = || -> rusqlite::Result<Vec<StoredPlay>> {
            let mut statement = connection.prepare_cached(&statement)?;
            let rows = statement.query_map(params![owner, limit], play)?;
            // A row with a broken id is of no use to anybody.
            rows.filter_map(rusqlite::Result::transpose).collect()
        };
        read().map_err(Error::sql("reading plays"))
    }
}

fn play(row: &Row<'_>) -> rusqlite::Result<Option<StoredPlay>> {
    let ids = (row.get::<_, String>(0)?.parse(), row.get::<_, String>(1)?.parse());
    let (Ok(id), Ok(track)) = ids else { return Ok(None) };
    Ok(Some(StoredPlay {
        id,
        track,
        started_at_us: row.get(2)?,
        listened_ms: row.get::<_, i64>(3)?.max(0) as u64,
        is_over: row.get(4)?,
    }))
}
