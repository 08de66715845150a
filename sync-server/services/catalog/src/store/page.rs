//! Lists in pages, by keyset: the next page starts behind the values of the last item, so that
//! a page costs the same wherever it is, and what is added meanwhile neither repeats nor hides
//! an item.

use std::fmt::Write as _;

use api::catalog::{ArtistSort, Order, ReleaseSort, TrackSort};
use domain::{ArtistId, ReleaseId};
use engine_sql::{
    Readers,
    bulk::{self, Values},
    sqlx::{Row as _, any::AnyRow},
};
use serde::{Deserialize, Serialize};

use super::{
    changes::{self, Counter},
    words,
};
use crate::error::Error;

/// Words of a filter that are looked at.
const FILTER_WORDS_MAX: usize = 8;

/// A column that a list is sorted by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Key {
    Text(&'static str),
    Number(&'static str),
}

impl Key {
    const fn column(self) -> &'static str {
        match self {
            Self::Text(column) | Self::Number(column) => column,
        }
    }
}

/// The value of a sort column.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    Number(i64),
    Text(String),
}

/// Where a page starts, and what the list was when it was opened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Position {
    /// The list, its sort, order and filters; a cursor of another one does not fit.
    list: String,
    after: Vec<Value>,
    /// Counted once, on the first page.
    total: u64,
}

/// A cursor does not belong to the list it was given to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Misfit;

/// One list: what of, in which order, and which part of it.
#[derive(Clone, Debug)]
pub struct List {
    of: words::Of,
    keys: &'static [Key],
    order: Order,
    artist: Option<ArtistId>,
    release: Option<ReleaseId>,
    words: Vec<String>,
}

/// Ids of one page.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ids {
    pub items: Vec<String>,
    pub next: Option<Position>,
    pub total: u64,
}

impl List {
    pub fn artists(sort: ArtistSort, order: Order) -> Self {
        Self::new(
            words::Of::Artists,
            match sort {
                ArtistSort::Name => &[Key::Text("sort_key"), Key::Text("artist_id")],
                ArtistSort::Added => &[Key::Number("added_at_us"), Key::Text("artist_id")],
            },
            order,
        )
    }

    pub fn releases(sort: ReleaseSort, order: Order) -> Self {
        Self::new(
            words::Of::Releases,
            match sort {
                ReleaseSort::Title => &[Key::Text("sort_key"), Key::Text("release_id")],
                ReleaseSort::Artist => &[
                    Key::Text("artist_sort"),
                    Key::Text("date"),
                    Key::Text("sort_key"),
                    Key::Text("release_id"),
                ],
                ReleaseSort::Date => {
                    &[Key::Text("date"), Key::Text("sort_key"), Key::Text("release_id")]
                }
                ReleaseSort::Added => &[Key::Number("added_at_us"), Key::Text("release_id")],
            },
            order,
        )
    }

    pub fn tracks(sort: TrackSort, order: Order) -> Self {
        Self::new(
            words::Of::Tracks,
            match sort {
                TrackSort::Title => &[Key::Text("sort_key"), Key::Text("track_id")],
                TrackSort::Artist => &[
                    Key::Text("artist_sort"),
                    Key::Text("release_sort"),
                    Key::Number("disc_number"),
                    Key::Number("track_number"),
                    Key::Text("track_id"),
                ],
                TrackSort::Release => &[
                    Key::Text("release_sort"),
                    Key::Text("release_id"),
                    Key::Number("disc_number"),
                    Key::Number("track_number"),
                    Key::Text("track_id"),
                ],
                TrackSort::Duration => &[Key::Number("duration_ms"), Key::Text("track_id")],
                TrackSort::Added => &[Key::Number("added_at_us"), Key::Text("track_id")],
                TrackSort::Plays => &[Key::Number("n_plays"), Key::Text("track_id")],
            },
            order,
        )
    }

    fn new(of: words::Of, keys: &'static [Key], order: Order) -> Self {
        Self { of, keys, order, artist: None, release: None, words: Vec::new() }
    }

    /// Only releases or tracks credited to this artist.
    pub fn by_artist(self, artist: Option<ArtistId>) -> Self {
        Self { artist, ..self }
    }

    /// Only tracks of this release.
    pub fn on_release(self, release: Option<ReleaseId>) -> Self {
        Self { release, ..self }
    }

    /// Only names that have each of these words, or words that begin so. A filter of nothing but
    /// signs filters nothing.
    pub fn named(self, filter: Option<&str>) -> Self {
        let mut words = filter.map(domain::text::words).unwrap_or_default();
        words.truncate(FILTER_WORDS_MAX);
        Self { words, ..self }
    }

    /// Checks that a cursor belongs to this list.
    pub fn check(&self, position: &Position) -> Result<(), Misfit> {
        let is_kind = |(value, key): (&Value, &Key)| {
            matches!(
                (value, key),
                (Value::Number(_), Key::Number(_)) | (Value::Text(_), Key::Text(_))
            )
        };
        let fits = position.list == self.name()
            && position.after.len() == self.keys.len()
            && position.after.iter().zip(self.keys).all(is_kind);
        if fits { Ok(()) } else { Err(Misfit) }
    }

    /// One page, from `after` on, which [`List::check`] passed.
    pub async fn page(
        &self,
        pool: &Readers,
        limit: u32,
        after: Option<&Position>,
    ) -> Result<Ids, Error> {
        let mut values = Values::default();
        let (from, mut conditions) = self.part(&mut values);
        if let Some(position) = after {
            conditions.push(self.behind(position, &mut values));
        }
        values.add(i64::from(limit) + 1);
        let sql = format!(
            "SELECT {} FROM {from} {} ORDER BY {} LIMIT ${}",
            self.columns(", ", ""),
            where_all(&conditions),
            self.columns(", ", self.direction()),
            values.n_added()
        );
        let mut rows = bulk::fetch(pool, sql, values).await?;
        let has_more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let total = match after {
            Some(position) => position.total,
            None if has_more => self.total(pool).await?,
            None => rows.len() as u64,
        };
        let next = match rows.last() {
            Some(last) if has_more => {
                Some(Position { list: self.name(), after: self.values(last)?, total })
            }
            _ => None,
        };
        let ids = rows.iter().map(|row| Ok(row.try_get(self.of.id())?));
        Ok(Ids { items: ids.collect::<Result<_, Error>>()?, next, total })
    }

    async fn total(&self, pool: &Readers) -> Result<u64, Error> {
        let is_whole = self.artist.is_none() && self.release.is_none() && self.words.is_empty();
        let total = if is_whole {
            let counter = match self.of {
                words::Of::Artists => Counter::Artists,
                words::Of::Releases => Counter::Releases,
                words::Of::Tracks => Counter::Tracks,
            };
            changes::counter(pool, counter).await?
        } else {
            let mut values = Values::default();
            let (from, conditions) = self.part(&mut values);
            let sql = format!("SELECT COUNT(*) AS n FROM {from} {}", where_all(&conditions));
            let rows = bulk::fetch(pool, sql, values).await?;
            rows.first().map_or(Ok(0), |row| row.try_get("n"))?
        };
        Ok(total.unsigned_abs())
    }

    /// What to read from, and on which conditions. Where artist or words narrow a list, the ids
    /// that match are found first: `CROSS JOIN` keeps SQLite from walking the whole list in its
    /// order instead, and asking for each item whether it matches.
    fn part(&self, values: &mut Values) -> (String, Vec<String>) {
        let (id, table) = (self.of.id(), self.table());
        let mut conditions = Vec::new();
        let mut matches = Vec::new();
        if let Some(artist) = self.artist {
            let credits = match self.of {
                words::Of::Releases => "release_artist",
                words::Of::Artists | words::Of::Tracks => "track_artist",
            };
            let n = values.add(artist.to_string()).n_added();
            matches.push(format!("SELECT {id} AS found FROM {credits} WHERE artist_id = ${n}"));
        }
        for word in &self.words {
            let (from, to) = words::range(word);
            let n = values.add(from).add(to).n_added();
            let words = self.of.table();
            matches.push(format!(
                "SELECT {id} AS found FROM {words} WHERE word >= ${} AND word < ${n}",
                n - 1
            ));
        }
        if let Some(release) = self.release {
            let n = values.add(release.to_string()).n_added();
            conditions.push(format!("release_id = ${n}"));
        }
        if matches.is_empty() {
            return (table.to_owned(), conditions);
        }
        conditions.push(format!("{id} = found"));
        let matches = matches.join(" INTERSECT ");
        let from = format!("(SELECT DISTINCT found FROM ({matches}) m) f CROSS JOIN {table}");
        (from, conditions)
    }

    fn behind(&self, position: &Position, values: &mut Values) -> String {
        let first = values.n_added() + 1;
        for value in &position.after {
            match value {
                Value::Number(number) => values.add(*number),
                Value::Text(text) => values.add(text.clone()),
            };
        }
        let sign = match self.order {
            Order::Asc => '>',
            Order::Desc => '<',
        };
        let list = bulk::list(first, position.after.len());
        format!("({}) {sign} ({list})", self.columns(", ", ""))
    }

    fn values(&self, row: &AnyRow) -> Result<Vec<Value>, Error> {
        let value = |key: &Key| {
            Ok(match key {
                Key::Text(column) => Value::Text(row.try_get(column)?),
                Key::Number(column) => Value::Number(row.try_get(column)?),
            })
        };
        self.keys.iter().map(value).collect()
    }

    fn columns(&self, separator: &str, suffix: &str) -> String {
        let columns = self.keys.iter().map(|key| format!("{}{suffix}", key.column()));
        columns.collect::<Vec<_>>().join(separator)
    }

    const fn table(&self) -> &'static str {
        match self.of {
            words::Of::Artists => "artist",
            words::Of::Releases => "release",
            words::Of::Tracks => "track",
        }
    }

    const fn direction(&self) -> &'static str {
        match self.order {
            Order::Asc => " ASC",
            Order::Desc => " DESC",
        }
    }

    /// Short, and different for every other list.
    fn name(&self) -> String {
        let mut name = format!("{}{}:{}", self.table(), self.direction(), self.columns(",", ""));
        for part in [
            self.artist.map(|id| id.to_string()),
            self.release.map(|id| id.to_string()),
            (!self.words.is_empty()).then(|| self.words.join(" ")),
        ] {
            let _ = write!(name, "|{}", part.unwrap_or_default());
        }
        blake3::hash(name.as_bytes()).to_hex()[..16].to_owned()
    }
}

fn where_all(conditions: &[String]) -> String {
    if conditions.is_empty() {
        String::new()
    } else {
        format!("WHERE {}", conditions.join(" AND "))
    }
}

/// Ids in their own order, for those who read everything.
pub async fn ids_after(
    pool: &Readers,
    of: words::Of,
    after: Option<String>,
    limit: u32,
) -> Result<Vec<String>, Error> {
    let (table, id) = (List::new(of, &[], Order::Asc).table(), of.id());
    let mut values = Values::default();
    values.add(after.unwrap_or_default()).add(i64::from(limit));
    let sql = format!("SELECT {id} FROM {table} WHERE {id} > $1 ORDER BY {id} LIMIT $2");
    let rows = bulk::fetch(pool, sql, values).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}
