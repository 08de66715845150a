//! Who is meant by a credit: known artists are found, others are added.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::{ArtistId, imported::CreditedArtist};
use engine_sql::{
    bulk,
    sqlx::{AnyConnection, Row as _},
};

use super::{
    changes::{Counter, count},
    words,
};
use crate::{clock::Now, error::Error, rules};

/// An artist as far as matching goes.
struct Known {
    name: String,
    musicbrainz_id: Option<String>,
}

/// Finds or makes artists for a batch of credits, in memory; [`Directory::save`] writes what is
/// new.
pub struct Directory {
    now: Now,
    by_key: HashMap<String, ArtistId>,
    artists: HashMap<ArtistId, Known>,
    new_keys: BTreeMap<String, ArtistId>,
    new: Vec<ArtistId>,
    /// Known by name alone until now.
    identified: Vec<ArtistId>,
    /// Credited in a spelling other than their name.
    respelt: BTreeSet<ArtistId>,
}

impl Directory {
    /// Loads the artists that any of the credits may mean.
    pub async fn load<'a>(
        tx: &mut AnyConnection,
        credits: impl Iterator<Item = &'a CreditedArtist>,
        now: Now,
    ) -> Result<Self, Error> {
        let keys: BTreeSet<String> = credits
            .flat_map(|credit| {
                let by_name = rules::artist_name_key(&credit.name);
                rules::artist_mbid_key(credit).into_iter().chain([by_name])
            })
            .collect();
        let found = bulk::fetch_by(
            tx,
            "SELECT k.key, a.artist_id, a.name, a.musicbrainz_id
             FROM artist_key k JOIN artist a ON a.artist_id = k.artist_id
             WHERE k.key IN ({list})",
            &keys,
        )
        .await?;
        let mut directory = Self {
            now,
            by_key: HashMap::new(),
            artists: HashMap::new(),
            new_keys: BTreeMap::new(),
            new: Vec::new(),
            identified: Vec::new(),
            respelt: BTreeSet::new(),
        };
        for row in found {
            let id = row.try_get::<String, _>("artist_id")?.parse()?;
            directory.by_key.insert(row.try_get("key")?, id);
            let known = Known {
                name: row.try_get("name")?,
                musicbrainz_id: row.try_get("musicbrainz_id")?,
            };
            directory.artists.insert(id, known);
        }
        Ok(directory)
    }

    /// Who is meant. A MusicBrainz id decides where there is one; an artist known by name alone
    /// takes it on, while another one of that name with another id stays apart.
    pub fn resolve(&mut self, credit: &CreditedArtist) -> ArtistId {
        let by_name = rules::artist_name_key(&credit.name);
        let by_mbid = rules::artist_mbid_key(credit);
        let named = self.by_key.get(&by_name).copied();
        let id = match &by_mbid {
            None => named.unwrap_or_else(|| self.add(credit)),
            Some(key) => match self.by_key.get(key) {
                Some(id) => *id,
                None => named
                    .filter(|id| self.identify(*id, credit))
                    .unwrap_or_else(|| self.add(credit)),
            },
        };
        for key in by_mbid.into_iter().chain([by_name]) {
            if let std::collections::hash_map::Entry::Vacant(free) = self.by_key.entry(key) {
                self.new_keys.insert(free.key().clone(), id);
                free.insert(id);
            }
        }
        if self.artists.get(&id).is_some_and(|known| known.name != credit.name) {
            self.respelt.insert(id);
        }
        id
    }

    /// Each artist of a credit once, in order, with the spelling.
    pub fn resolve_all(&mut self, credits: &[CreditedArtist]) -> Vec<(ArtistId, String)> {
        let mut artists = Vec::<(ArtistId, String)>::with_capacity(credits.len());
        for credit in credits {
            let id = self.resolve(credit);
            if artists.iter().all(|(known, _)| *known != id) {
                artists.push((id, credit.name.clone()));
            }
        }
        artists
    }

    /// Artists whose name may have to follow a new spelling.
    pub fn respelt(&self) -> impl Iterator<Item = ArtistId> {
        self.respelt.iter().copied()
    }

    /// Writes new artists, new keys and new MusicBrainz ids.
    pub async fn save(&self, tx: &mut AnyConnection) -> Result<(), Error> {
        let added_at_us = self.now.us();
        bulk::insert(
            tx,
            "INSERT INTO artist (artist_id, name, sort_key, musicbrainz_id, n_releases, n_tracks,
                n_plays, added_at_us)",
            "",
            &self.new,
            8,
            |values, id| {
                let artist = &self.artists[id];
                values
                    .add(id.to_string())
                    .add(artist.name.clone())
                    .add(rules::sort_key(&artist.name))
                    .add(artist.musicbrainz_id.clone())
                    .add(0_i64)
                    .add(0_i64)
                    .add(0_i64)
                    .add(added_at_us);
            },
        )
        .await?;
        let keys = self.new_keys.iter().collect::<Vec<_>>();
        bulk::insert(tx, "INSERT INTO artist_key (key, artist_id)", "", &keys, 2, |values, key| {
            values.add(key.0.clone()).add(key.1.to_string());
        })
        .await?;
        let name = |id: &ArtistId| (id.to_string(), self.artists[id].name.as_str());
        let names = self.new.iter().map(name).collect::<Vec<_>>();
        words::put(tx, words::Of::Artists, &names).await?;
        for id in &self.identified {
            let mut values = bulk::Values::default();
            values.add(id.to_string()).add(self.artists[id].musicbrainz_id.clone());
            let sql = "UPDATE artist SET musicbrainz_id = $2 WHERE artist_id = $1";
            bulk::execute(tx, sql.to_owned(), values).await?;
        }
        if !self.new.is_empty() {
            count(tx, Counter::Artists, bulk::number(self.new.len())).await?;
        }
        Ok(())
    }

    fn add(&mut self, credit: &CreditedArtist) -> ArtistId {
        let id = ArtistId::new(self.now.ms(), rand::random());
        let known =
            Known { name: credit.name.clone(), musicbrainz_id: credit.musicbrainz_id.clone() };
        self.artists.insert(id, known);
        self.new.push(id);
        id
    }

    /// Gives an artist the credit's MusicBrainz id; false where it has one.
    fn identify(&mut self, id: ArtistId, credit: &CreditedArtist) -> bool {
        let Some(known) = self.artists.get_mut(&id) else { return false };
        if known.musicbrainz_id.is_some() {
            return false;
        }
        known.musicbrainz_id.clone_from(&credit.musicbrainz_id);
        if !self.new.contains(&id) {
            self.identified.push(id);
        }
        true
    }
}
