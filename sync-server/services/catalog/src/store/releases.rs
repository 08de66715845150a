//! Which release a track belongs to: known releases are found, others are named.

use std::collections::{BTreeSet, HashMap, HashSet, hash_map::Entry};

use domain::ReleaseId;
use engine_sql::sqlx::{AnyConnection, Row as _};

use crate::{
    clock::Now,
    error::Error,
    rules::{self, ReleaseKeys},
    sql,
};

/// Finds or makes releases for a batch of tracks, in memory; [`Shelf::save`] writes new keys.
/// The release's own row follows from its tracks, later.
pub struct Shelf {
    now: Now,
    by_key: HashMap<String, ReleaseId>,
    /// Releases with a tagged owner.
    owned: HashSet<ReleaseId>,
    new: Vec<(String, ReleaseId)>,
}

impl Shelf {
    /// Loads the releases known under any of the keys.
    pub async fn load<'a>(
        tx: &mut AnyConnection,
        keys: impl Iterator<Item = &'a ReleaseKeys>,
        now: Now,
    ) -> Result<Self, Error> {
        let keys: BTreeSet<&String> =
            keys.flat_map(|keys| [Some(&keys.own), keys.shared.as_ref()]).flatten().collect();
        let sql = "SELECT key, release_id FROM release_key WHERE release_id IN
            (SELECT release_id FROM release_key WHERE key IN ({list}))";
        let (mut by_key, mut owned) = (HashMap::new(), HashSet::new());
        for row in sql::fetch_by(tx, sql, keys).await? {
            let id = row.try_get::<String, _>("release_id")?.parse()?;
            let key: String = row.try_get("key")?;
            if key.starts_with(rules::OWNED) {
                owned.insert(id);
            }
            by_key.insert(key, id);
        }
        Ok(Self { now, by_key, owned, new: Vec::new() })
    }

    /// The release of a track with these keys. One that tracks without an owner have begun is
    /// taken over by the first owner that comes.
    pub fn place(&mut self, keys: &ReleaseKeys) -> ReleaseId {
        if let Some(id) = self.by_key.get(&keys.own) {
            return *id;
        }
        let shared = keys.shared.as_ref().and_then(|key| self.by_key.get(key)).copied();
        let id = match shared {
            Some(id) if !keys.is_owned || !self.owned.contains(&id) => id,
            _ => ReleaseId::new(self.now.ms(), rand::random()),
        };
        if keys.is_owned {
            self.owned.insert(id);
            self.add(&keys.own, id);
        }
        if let Some(key) = &keys.shared {
            self.add(key, id);
        }
        id
    }

    /// Where a key is taken, it stays with whom it is.
    fn add(&mut self, key: &str, id: ReleaseId) {
        if let Entry::Vacant(free) = self.by_key.entry(key.to_owned()) {
            free.insert(id);
            self.new.push((key.to_owned(), id));
        }
    }

    pub async fn save(&self, tx: &mut AnyConnection) -> Result<(), Error> {
        let head = "INSERT INTO release_key (key, release_id)";
        sql::insert(tx, head, "", &self.new, 2, |values, (key, id)| {
            values.add(key.clone()).add(id.to_string());
        })
        .await
    }
}
