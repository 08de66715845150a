//! Covers: image files with an index, named by what they are.

use std::{fs, io, path::PathBuf};

use domain::CoverId;
use rusqlite::{Connection, OptionalExtension, params};

use crate::{Error, Result, Store};

/// All covers together; some ten thousand of the size of a grid.
pub const COVERS_BYTES_MAX: u64 = 256 << 20;

/// A cover's file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredCover {
    pub bytes: Vec<u8>,
    pub content_type: String,
}

impl Store {
    /// `size` is the name of a size the server knows, such as `300`.
    pub fn cover(&self, id: &CoverId, size: &str, now_us: i64) -> Result<Option<StoredCover>> {
        let content_type: Option<String> = self
            .connection()
            .query_row(
                "UPDATE cover SET used = ?3 WHERE id = ?1 AND size = ?2 RETURNING content_type",
                params![id.as_str(), size, now_us],
                |row| row.get(0),
            )
            .optional()
            .map_err(Error::sql("looking for a cover"))?;
        let Some(content_type) = content_type else { return Ok(None) };
        match fs::read(self.cover_path(id.as_str(), size)) {
            Ok(bytes) => Ok(Some(StoredCover { bytes, content_type })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::file("reading a cover")(error)),
        }
    }

    pub fn set_cover(
        &self,
        id: &CoverId,
        size: &str,
        cover: &StoredCover,
        now_us: i64,
    ) -> Result<()> {
        self.set_cover_within(id, size, cover, now_us, COVERS_BYTES_MAX)
    }

    fn set_cover_within(
        &self,
        id: &CoverId,
        size: &str,
        cover: &StoredCover,
        now_us: i64,
        bytes_max: u64,
    ) -> Result<()> {
        let path = self.cover_path(id.as_str(), size);
        let file = || Error::file("saving a cover");
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(file())?;
        }
        // Renamed into place, so that a crash leaves no half of an image.
        let partial = path.with_extension("partial");
        fs::write(&partial, &cover.bytes).map_err(file())?;
        fs::rename(&partial, &path).map_err(file())?;

        let sql = || Error::sql("saving a cover");
        let connection = self.connection();
        connection
            .execute(
                "INSERT INTO cover (id, size, content_type, n_bytes, used)
                 VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT (id, size) DO UPDATE SET content_type = excluded.content_type,
                 n_bytes = excluded.n_bytes, used = excluded.used",
                params![
                    id.as_str(),
                    size,
                    cover.content_type,
                    cover.bytes.len().cast_signed(),
                    now_us
                ],
            )
            .map_err(sql())?;
        for (id, size) in drop_beyond(&connection, bytes_max).map_err(sql())? {
            match fs::remove_file(self.cover_path(&id, &size)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    tracing::warn!(%error, cover.id = id, "an old cover could not be deleted");
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Both parts are names this program makes: a hash and a size; neither leaves the folder.
    fn cover_path(&self, id: &str, size: &str) -> PathBuf {
        let shelf = id.get(..2).unwrap_or("00");
        self.folder().join("covers").join(shelf).join(format!("{id}-{size}"))
    }
}

/// Takes what was used longest ago out of the index, beyond the bound.
fn drop_beyond(connection: &Connection, bytes_max: u64) -> rusqlite::Result<Vec<(String, String)>> {
    let mut statement = connection.prepare_cached(
        "DELETE FROM cover WHERE (SELECT SUM(n_bytes) FROM cover) > ?1
         AND (id, size) IN (SELECT id, size FROM (
           SELECT id, size, SUM(n_bytes) OVER (ORDER BY used DESC, id, size) AS total
           FROM cover) WHERE total > ?1)
         RETURNING id, size",
    )?;
    let dropped =
        statement.query_map([bytes_max.cast_signed()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    dropped.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn covers_stay_within_their_bound_and_the_latest_used_stay() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap().store;
        let id = |n: u8| CoverId::from_hash([n; 32]);
        let cover = StoredCover { bytes: vec![7; 400], content_type: "image/png".into() };
        for (now_us, n) in (0..).zip([1, 2]) {
            store.set_cover_within(&id(n), "300", &cover, now_us, 1_000).unwrap();
        }
        assert_eq!(store.cover(&id(1), "300", 10).unwrap().as_ref(), Some(&cover));
        store.set_cover_within(&id(3), "300", &cover, 20, 1_000).unwrap();
        let there: Vec<bool> =
            [1, 2, 3].map(|n| store.cover(&id(n), "300", 30).unwrap().is_some()).to_vec();
        assert_eq!(there, [true, false, true]);
        assert!(!store.cover_path(id(2).as_str(), "300").exists());
        // A file that somebody deleted is simply not there.
        fs::remove_dir_all(folder.path().join("covers")).unwrap();
        assert_eq!(store.cover(&id(1), "300", 40).unwrap(), None);
    }
}
