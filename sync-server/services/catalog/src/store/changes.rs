//! The outbox: what changed, in the order of commits.

use domain::{ArtistId, ReleaseId, TrackId};
use engine_sql::{
    Readers, bulk,
    sqlx::{self, AnyConnection, Row as _},
};

use crate::error::Error;

/// Something in the catalog.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Entity {
    Artist(ArtistId),
    Release(ReleaseId),
    Track(TrackId),
}

impl Entity {
    fn parts(self) -> (&'static str, String) {
        match self {
            Self::Artist(id) => ("artist", id.to_string()),
            Self::Release(id) => ("release", id.to_string()),
            Self::Track(id) => ("track", id.to_string()),
        }
    }

    fn from_parts(kind: String, id: &str) -> Result<Self, Error> {
        Ok(match kind.as_str() {
            "artist" => Self::Artist(id.parse()?),
            "release" => Self::Release(id.parse()?),
            "track" => Self::Track(id.parse()?),
            _ => return Err(Error::Value { column: "kind", value: kind }),
        })
    }
}

/// The last change of one entity. What it looks like now is asked by id; an id that is no
/// longer known was removed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Change {
    /// Place in the order of all changes, from 1 up, with gaps.
    pub seq: i64,
    pub entity: Entity,
}

/// Changes after `seq`, ascending.
pub async fn changes_after(pool: &Readers, seq: i64, limit: u32) -> Result<Vec<Change>, Error> {
    let rows = sqlx::query(
        "SELECT seq, kind, id FROM catalog_change WHERE seq > $1 ORDER BY seq LIMIT $2",
    )
    .bind(seq)
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    let change = |row: &sqlx::any::AnyRow| {
        let entity = Entity::from_parts(row.try_get("kind")?, row.try_get("id")?)?;
        Ok(Change { seq: row.try_get("seq")?, entity })
    };
    rows.iter().map(change).collect()
}

/// Sequence of the latest change; 0 where there never was one.
pub async fn latest(pool: &Readers) -> Result<i64, Error> {
    counter(pool, Counter::Changes).await
}

/// Numbers kept beside the tables, so that no list counts its rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Counter {
    Changes,
    Artists,
    Releases,
    Tracks,
}

impl Counter {
    const fn name(self) -> &'static str {
        match self {
            Self::Changes => "changes",
            Self::Artists => "artists",
            Self::Releases => "releases",
            Self::Tracks => "tracks",
        }
    }
}

pub async fn counter(pool: &Readers, counter: Counter) -> Result<i64, Error> {
    let value = sqlx::query_scalar("SELECT value FROM catalog_counter WHERE name = $1")
        .bind(counter.name())
        .fetch_optional(pool)
        .await?;
    Ok(value.unwrap_or(0))
}

/// Adds to a counter and answers its new value.
pub async fn count(tx: &mut AnyConnection, counter: Counter, by: i64) -> Result<i64, Error> {
    Ok(sqlx::query_scalar(
        "INSERT INTO catalog_counter (name, value) VALUES ($1, $2)
         ON CONFLICT (name) DO UPDATE SET value = catalog_counter.value + excluded.value
         RETURNING value",
    )
    .bind(counter.name())
    .bind(by)
    .fetch_one(tx)
    .await?)
}

/// Takes the row that every writer of the catalog takes first: one writes at a time, so that
/// sequences are committed in their order and no reader of changes ever misses one.
pub async fn lock(tx: &mut AnyConnection) -> Result<(), Error> {
    count(tx, Counter::Changes, 0).await.map(drop)
}

/// Writes changes behind all others.
pub async fn record(tx: &mut AnyConnection, entities: &[Entity]) -> Result<(), Error> {
    if entities.is_empty() {
        return Ok(());
    }
    let n = bulk::number(entities.len());
    let first = count(tx, Counter::Changes, n).await? - n + 1;
    let numbered = (first..).zip(entities).collect::<Vec<_>>();
    Ok(bulk::insert(
        tx,
        "INSERT INTO catalog_change (kind, id, seq)",
        "ON CONFLICT (kind, id) DO UPDATE SET seq = excluded.seq",
        &numbered,
        3,
        |values, (seq, entity)| {
            let (kind, id) = entity.parts();
            values.add(kind.to_owned()).add(id).add(*seq);
        },
    )
    .await?)
}
