//! Which release a track belongs to: known releases are found, others are named.

use std::collections::{BTreeSet, HashMap, HashSet, hash_map::Entry};

use domain::ReleaseId;
use engine_sql::{
    bulk,
    sqlx::{AnyConnection, Row as _},
};

use crate::{
    clock::Now,
    error::Error,
    rules::{self, ReleaseKeys},
};

/// Finds or makes releases for a batch of tracks, in memory; [`Shelf::save`] writes new keys.
/// The release's own row follows from its tracks, later.
pub struct Shelf {
    now: Now,
    by_key: HashMap<String, ReleaseId>,
    /// Releases with a tagged owner.
    owned: HashSet<ReleaseId>,
    /// Releases with a MusicBrainz id.
    identified: HashSet<ReleaseId>,
    new: Vec<(String, ReleaseId)>,
}

impl Shelf {
    /// Loads the releases known under any of the keys.
    pub async fn load<'a>(
        tx: &mut AnyConnection,
        keys: impl Iterator<Item = &'a ReleaseKeys>,
        now: Now,
    ) -> Result<Self, Error> {
        let keys: BTreeSet<&String> = keys
            .flat_map(|keys| [keys.id.as_ref(), Some(&keys.own), keys.shared.as_ref()])
            .flatten()
            .collect();
        let sql = "SELECT key, release_id FROM release_key WHERE release_id IN
            (SELECT release_id FROM release_key WHERE key IN ({list}))";
        let mut shelf = Self {
            now,
            by_key: HashMap::new(),
            owned: HashSet::new(),
            identified: HashSet::new(),
            new: Vec::new(),
        };
        for row in bulk::fetch_by(tx, sql, keys).await? {
            let id = row.try_get::<String, _>("release_id")?.parse()?;
            let key: String = row.try_get("key")?;
            if key.starts_with(rules::OWNED) {
                shelf.owned.insert(id);
            } else if key.starts_with(rules::IDENTIFIED) {
                shelf.identified.insert(id);
            }
            shelf.by_key.insert(key, id);
        }
        Ok(shelf)
    }

    /// The release of a track with these keys. One that tracks without an owner have begun is
    /// taken over by the first owner that comes, one without a MusicBrainz id by the first id.
    pub fn place(&mut self, keys: &ReleaseKeys) -> ReleaseId {
        let known = |key: &String| self.by_key.get(key).copied();
        let may_be = |id: &ReleaseId| keys.id.is_none() || !self.identified.contains(id);
        let may_share = |id: &ReleaseId| !keys.is_owned || !self.owned.contains(id);
        let shared = || keys.shared.as_ref().and_then(known).filter(may_share).filter(may_be);
        let id = (keys.id.as_ref().and_then(known))
            .or_else(|| known(&keys.own).filter(may_be))
            .or_else(shared)
            .unwrap_or_else(|| ReleaseId::new(self.now.ms(), rand::random()));
        if let Some(key) = &keys.id {
            self.identified.insert(id);
            self.add(key, id);
        }
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
        Ok(bulk::insert(tx, head, "", &self.new, 2, |values, (key, id)| {
            values.add(key.clone()).add(id.to_string());
        })
        .await?)
    }
}
