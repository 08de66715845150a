//! Which release a track belongs to: known releases are found, others are named.

use std::collections::{BTreeSet, HashMap};

use domain::ReleaseId;
use engine_sql::sqlx::{AnyConnection, Row as _};

use crate::{clock::Now, error::Error, sql};

/// Finds or makes releases for a batch of tracks, in memory; [`Shelf::save`] writes new keys.
/// The release's own row follows from its tracks, later.
pub struct Shelf {
    now: Now,
    by_key: HashMap<String, ReleaseId>,
    new: Vec<(String, ReleaseId)>,
}

impl Shelf {
    /// Loads the releases known under any of the keys.
    pub async fn load<'a>(
        tx: &mut AnyConnection,
        keys: impl Iterator<Item = &'a String>,
        now: Now,
    ) -> Result<Self, Error> {
        let keys: BTreeSet<&String> = keys.collect();
        let sql = "SELECT key, release_id FROM release_key WHERE key IN ({list})";
        let mut by_key = HashMap::new();
        for row in sql::fetch_by(tx, sql, keys).await? {
            let id = row.try_get::<String, _>("release_id")?.parse()?;
            by_key.insert(row.try_get("key")?, id);
        }
        Ok(Self { now, by_key, new: Vec::new() })
    }

    /// The release of a track with these keys: the first one known, else a new one under the
    /// last.
    pub fn place(&mut self, keys: &[String]) -> ReleaseId {
        if let Some(id) = keys.iter().find_map(|key| self.by_key.get(key)) {
            return *id;
        }
        let id = ReleaseId::new(self.now.ms(), rand::random());
        let key = keys.last().cloned().unwrap_or_else(|| format!("id:{id}"));
        self.by_key.insert(key.clone(), id);
        self.new.push((key, id));
        id
    }

    pub async fn save(&self, tx: &mut AnyConnection) -> Result<(), Error> {
        let head = "INSERT INTO release_key (key, release_id)";
        sql::insert(tx, head, "", &self.new, 2, |values, (key, id)| {
            values.add(key.clone()).add(id.to_string());
        })
        .await
    }
}
