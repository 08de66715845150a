//! Answers of the server, to look at when it is away and to ask for less when it is there.

use rusqlite::{OptionalExtension, params};

use crate::{Error, Result, Store};

/// All pages together; some thousand of them.
pub const PAGES_BYTES_MAX: u64 = 32 << 20;

/// An answer as it came.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredPage {
    pub etag: Option<String>,
    pub json: String,
}

impl Store {
    /// The answer to `path` that `owner` was given last. `now_us` orders what is dropped first.
    pub fn page(&self, owner: &str, path: &str, now_us: i64) -> Result<Option<StoredPage>> {
        self.connection()
            .query_row(
                "UPDATE page SET used = ?3 WHERE owner = ?1 AND path = ?2 RETURNING etag, json",
                params![owner, path, now_us],
                |row| Ok(StoredPage { etag: row.get(0)?, json: row.get(1)? }),
            )
            .optional()
            .map_err(Error::sql("reading a page"))
    }

    pub fn set_page(&self, owner: &str, path: &str, page: &StoredPage, now_us: i64) -> Result<()> {
        let sql = || Error::sql("saving a page");
        let mut connection = self.connection();
        let transaction = connection.transaction().map_err(sql())?;
        transaction
            .execute(
                "INSERT INTO page (owner, path, etag, json, n_bytes, used)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (owner, path) DO UPDATE SET etag = excluded.etag,
                 json = excluded.json, n_bytes = excluded.n_bytes, used = excluded.used",
                params![owner, path, page.etag, page.json, page.json.len().cast_signed(), now_us],
            )
            .map_err(sql())?;
        transaction
            .execute(
                "DELETE FROM page WHERE (SELECT SUM(n_bytes) FROM page) > ?1
                 AND (owner, path) IN (SELECT owner, path FROM (
                   SELECT owner, path, SUM(n_bytes) OVER (ORDER BY used DESC, path) AS total
                   FROM page) WHERE total > ?1)",
                params![PAGES_BYTES_MAX.cast_signed()],
            )
            .map_err(sql())?;
        transaction.commit().map_err(sql())
    }
}
