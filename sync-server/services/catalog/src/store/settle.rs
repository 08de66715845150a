//! What follows for releases and artists when tracks came, changed or went.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use domain::{
    ArtistId, BlockHistogram, ReleaseId,
    imported::CreditedArtist,
    release::{Facts, Part, summarise},
};
use engine_sql::{
    bulk,
    sqlx::{AnyConnection, Row as _, any::AnyRow},
};

use super::{
    artists::Directory,
    changes::{self, Counter, Entity, count},
    read, rows, words,
};
use crate::{clock::Now, error::Error, rules};

/// What a batch did to tracks.
#[derive(Default)]
pub struct Effect {
    /// Releases that tracks came to, changed on, or left.
    pub releases: BTreeSet<ReleaseId>,
    pub artists: BTreeMap<ArtistId, Delta>,
    /// Credited in a spelling other than their name.
    pub respelt: BTreeSet<ArtistId>,
    pub changed: BTreeSet<Entity>,
    /// How many tracks there are more than before.
    pub n_tracks: i64,
}

/// By how much an artist's numbers change.
#[derive(Clone, Copy, Default)]
pub struct Delta {
    pub tracks: i64,
    pub releases: i64,
    pub plays: i64,
}

/// A release as it stands.
struct Standing {
    title: String,
    artists: Vec<ArtistId>,
}

/// A release as it shall be.
struct Settled {
    id: ReleaseId,
    facts: Facts,
    artists: Vec<ArtistId>,
    artist_sort: String,
}

/// Brings releases, artists, totals and the outbox in line with the tracks.
pub async fn settle(tx: &mut AnyConnection, mut effect: Effect, now: Now) -> Result<(), Error> {
    let standing = standing(tx, &effect.releases).await?;
    let mut parts = parts(tx, &effect.releases).await?;
    let (mut full, mut empty) = (Vec::new(), Vec::new());
    for id in &effect.releases {
        match summarise(parts.remove(id).unwrap_or_default()) {
            Some(facts) => full.push((*id, facts)),
            None => empty.push(*id),
        }
    }
    let settled = credit(tx, full, now).await?;
    for artist in standing.values().flat_map(|release| &release.artists) {
        effect.artists.entry(*artist).or_default().releases -= 1;
    }
    for artist in settled.iter().flat_map(|release| &release.artists) {
        effect.artists.entry(*artist).or_default().releases += 1;
    }
    let n_new = settled.iter().filter(|release| !standing.contains_key(&release.id)).count();
    let n_gone = empty.iter().filter(|id| standing.contains_key(id)).count();

    releases_remove(tx, &empty, &standing).await?;
    releases_put(tx, &settled, &standing, &mut effect).await?;
    artists_update(tx, &mut effect).await?;
    artists_remove(tx, &effect).await?;
    for (counter, by) in [
        (Counter::Tracks, effect.n_tracks),
        (Counter::Releases, bulk::number(n_new) - bulk::number(n_gone)),
    ] {
        if by != 0 {
            count(tx, counter, by).await?;
        }
    }
    effect.changed.extend(effect.releases.iter().copied().map(Entity::Release));
    effect.changed.extend(effect.artists.keys().copied().map(Entity::Artist));
    changes::record(tx, &effect.changed.into_iter().collect::<Vec<_>>()).await
}

async fn standing(
    tx: &mut AnyConnection,
    ids: &BTreeSet<ReleaseId>,
) -> Result<HashMap<ReleaseId, Standing>, Error> {
    let found = bulk::fetch_by(
        tx,
        "SELECT r.release_id, r.title, ra.artist_id FROM release r
         JOIN release_artist ra ON ra.release_id = r.release_id
         WHERE r.release_id IN ({list}) ORDER BY ra.release_id, ra.position",
        ids,
    )
    .await?;
    let mut standing = HashMap::new();
    for row in found {
        let id = row.try_get::<String, _>("release_id")?.parse()?;
        let title = row.try_get("title")?;
        let release = standing.entry(id).or_insert_with(|| Standing { title, artists: Vec::new() });
        release.artists.push(row.try_get::<String, _>("artist_id")?.parse()?);
    }
    Ok(standing)
}

/// What the tracks of each release say about it.
async fn parts(
    tx: &mut AnyConnection,
    ids: &BTreeSet<ReleaseId>,
) -> Result<HashMap<ReleaseId, Vec<Part>>, Error> {
    let credits = bulk::fetch_by(
        tx,
        "SELECT track_id, artist_id FROM track_artist
         WHERE release_id IN ({list}) ORDER BY release_id, track_id, position",
        ids,
    )
    .await?;
    let mut artists = HashMap::<String, Vec<ArtistId>>::new();
    for row in credits {
        let artist = row.try_get::<String, _>("artist_id")?.parse()?;
        artists.entry(row.try_get("track_id")?).or_default().push(artist);
    }
    let found = bulk::fetch_by(
        tx,
        "SELECT release_id, track_id, title, disc_number, track_number, duration_ms, album_title,
            album_artists, is_compilation, date, genres, cover_id, cover_colour, integrated_lufs,
            true_peak_dbtp, loudness_blocks, n_plays, added_at_us
         FROM track WHERE release_id IN ({list}) ORDER BY release_id, sort_key, track_id",
        ids,
    )
    .await?;
    let mut parts = HashMap::<ReleaseId, Vec<Part>>::new();
    for row in found {
        let artists = artists.remove(&row.try_get::<String, _>("track_id")?).unwrap_or_default();
        let release = row.try_get::<String, _>("release_id")?.parse()?;
        parts.entry(release).or_default().push(part(&row, artists)?);
    }
    Ok(parts)
}

fn part(row: &AnyRow, artists: Vec<ArtistId>) -> Result<Part, Error> {
    let album_title: Option<String> = row.try_get("album_title")?;
    Ok(Part {
        disc_number: read::unsigned(row, "disc_number")?,
        track_number: read::unsigned(row, "track_number")?,
        duration_ms: read::unsigned(row, "duration_ms")?,
        album_title: album_title.map_or_else(|| row.try_get("title"), Ok)?,
        album_artists: read::json(row, "album_artists")?,
        artists,
        is_compilation: row.try_get::<i64, _>("is_compilation")? != 0,
        date: row.try_get("date")?,
        genres: read::json(row, "genres")?,
        cover: read::cover(row, "cover_id", "cover_colour")?,
        loudness: read::loudness(row, "integrated_lufs", "true_peak_dbtp")?,
        loudness_blocks: BlockHistogram::from_bytes(&row.try_get::<Vec<u8>, _>("loudness_blocks")?)
            .unwrap_or_default(),
        n_plays: read::unsigned(row, "n_plays")?,
        added_at_us: row.try_get("added_at_us")?,
    })
}

/// Names the artists of each release; "various" is an artist like any other from here on.
async fn credit(
    tx: &mut AnyConnection,
    full: Vec<(ReleaseId, Facts)>,
    now: Now,
) -> Result<Vec<Settled>, Error> {
    let various = if full.iter().any(|(_, facts)| facts.artists.is_none()) {
        let credit =
            CreditedArtist { name: rules::VARIOUS_ARTISTS.to_owned(), musicbrainz_id: None };
        let mut directory = Directory::load(tx, [&credit].into_iter(), now).await?;
        let id = directory.resolve(&credit);
        directory.save(tx).await?;
        Some(id)
    } else {
        None
    };
    let artists_of =
        |facts: &Facts| facts.artists.clone().unwrap_or_else(|| various.into_iter().collect());
    let ids = full.iter().flat_map(|(_, facts)| artists_of(facts)).collect::<BTreeSet<_>>();
    let sql = "SELECT artist_id, sort_key FROM artist WHERE artist_id IN ({list})";
    let mut sort_keys = HashMap::<ArtistId, String>::new();
    for row in bulk::fetch_by(tx, sql, &ids).await? {
        let id = row.try_get::<String, _>("artist_id")?.parse()?;
        sort_keys.insert(id, row.try_get("sort_key")?);
    }
    let settled = |(id, facts): (ReleaseId, Facts)| {
        let artists = artists_of(&facts);
        let keys = artists.iter().filter_map(|id| sort_keys.get(id).map(String::as_str));
        let artist_sort = rules::credit_sort_key(keys);
        Settled { id, facts, artists, artist_sort }
    };
    Ok(full.into_iter().map(settled).collect())
}

async fn releases_remove(
    tx: &mut AnyConnection,
    empty: &[ReleaseId],
    standing: &HashMap<ReleaseId, Standing>,
) -> Result<(), Error> {
    for table in ["release", "release_artist", "release_key"] {
        let sql = format!("DELETE FROM {table} WHERE release_id IN ({{list}})");
        bulk::execute_by(tx, &sql, empty).await?;
    }
    let titles =
        empty.iter().filter_map(|id| Some((id.to_string(), standing.get(id)?.title.as_str())));
    words::remove(tx, words::Of::Releases, &titles.collect::<Vec<_>>()).await
}

async fn releases_put(
    tx: &mut AnyConnection,
    settled: &[Settled],
    standing: &HashMap<ReleaseId, Standing>,
    effect: &mut Effect,
) -> Result<(), Error> {
    bulk::insert(
        tx,
        "INSERT INTO release (release_id, title, sort_key, artist_sort, kind, date, genres,
            cover_id, cover_colour, n_tracks, duration_ms, integrated_lufs, true_peak_dbtp,
            n_plays, added_at_us)",
        "ON CONFLICT (release_id) DO UPDATE SET title = excluded.title,
            sort_key = excluded.sort_key, artist_sort = excluded.artist_sort,
            kind = excluded.kind, date = excluded.date, genres = excluded.genres,
            cover_id = excluded.cover_id, cover_colour = excluded.cover_colour,
            n_tracks = excluded.n_tracks, duration_ms = excluded.duration_ms,
            integrated_lufs = excluded.integrated_lufs,
            true_peak_dbtp = excluded.true_peak_dbtp, n_plays = excluded.n_plays",
        settled,
        15,
        bind,
    )
    .await?;
    let sql = "DELETE FROM release_artist WHERE release_id IN ({list})";
    bulk::execute_by(tx, sql, settled.iter().map(|release| release.id)).await?;
    let credits = settled.iter().flat_map(|release| {
        let artists = release.artists.iter().enumerate();
        artists.map(move |(position, artist)| (release, bulk::number(position), *artist))
    });
    bulk::insert(
        tx,
        "INSERT INTO release_artist (release_id, position, artist_id, date, has_cover)",
        "",
        &credits.collect::<Vec<_>>(),
        5,
        |values, (release, position, artist)| {
            values
                .add(release.id.to_string())
                .add(*position)
                .add(artist.to_string())
                .add(release.facts.date.clone().unwrap_or_default())
                .add(i64::from(release.facts.cover.is_some()));
        },
    )
    .await?;
    titles_put(tx, settled, standing, effect).await
}

fn bind(values: &mut bulk::Values, release: &Settled) {
    let facts = &release.facts;
    values
        .add(release.id.to_string())
        .add(facts.title.clone())
        .add(rules::sort_key(&facts.title))
        .add(release.artist_sort.clone())
        .add(facts.kind.as_str().to_owned())
        .add(facts.date.clone().unwrap_or_default())
        .add(rows::json(&facts.genres))
        .add(facts.cover.as_ref().map(|cover| cover.id.to_string()))
        .add(facts.cover.as_ref().map(|cover| cover.colour.clone()))
        .add(i64::from(facts.n_tracks))
        .add(i64::try_from(facts.duration_ms).unwrap_or(i64::MAX))
        .add(facts.loudness.map(|loudness| loudness.integrated_lufs))
        .add(facts.loudness.map(|loudness| loudness.true_peak_dbtp))
        .add(i64::try_from(facts.n_plays).unwrap_or(i64::MAX))
        .add(facts.added_at_us);
}

/// New titles reach the words of releases and whatever is sorted or found by them.
async fn titles_put(
    tx: &mut AnyConnection,
    settled: &[Settled],
    standing: &HashMap<ReleaseId, Standing>,
    effect: &mut Effect,
) -> Result<(), Error> {
    let is_retitled = |release: &&Settled| {
        standing.get(&release.id).is_none_or(|old| old.title != release.facts.title)
    };
    let retitled = settled.iter().filter(is_retitled).collect::<Vec<_>>();
    let old = retitled.iter().filter_map(|release| {
        Some((release.id.to_string(), standing.get(&release.id)?.title.as_str()))
    });
    words::remove(tx, words::Of::Releases, &old.collect::<Vec<_>>()).await?;
    let new = retitled.iter().map(|release| (release.id.to_string(), release.facts.title.as_str()));
    words::put(tx, words::Of::Releases, &new.collect::<Vec<_>>()).await?;

    let renamed = retitled.iter().filter(|release| standing.contains_key(&release.id));
    let sql = "SELECT track_id FROM track WHERE release_id IN ({list})";
    for row in bulk::fetch_by(tx, sql, renamed.map(|release| release.id)).await? {
        let track = row.try_get::<String, _>("track_id")?.parse()?;
        effect.changed.insert(Entity::Track(track));
    }
    // Tracks bring the title of their own tag, which one of them may spell in its own way.
    for release in settled {
        let mut values = bulk::Values::default();
        values.add(release.id.to_string()).add(rules::sort_key(&release.facts.title));
        let sql = "UPDATE track SET release_sort = $2
                   WHERE release_id = $1 AND release_sort <> $2";
        bulk::execute(tx, sql.to_owned(), values).await?;
    }
    Ok(())
}

async fn artists_update(tx: &mut AnyConnection, effect: &mut Effect) -> Result<(), Error> {
    for (id, delta) in &effect.artists {
        let newest = "SELECT r.cover_id, r.cover_colour FROM release_artist ra
             JOIN release r ON r.release_id = ra.release_id
             WHERE ra.artist_id = $1 AND ra.has_cover = 1
             ORDER BY ra.date DESC, ra.release_id DESC LIMIT 1";
        let mut values = bulk::Values::default();
        values.add(id.to_string());
        let cover = bulk::fetch(&mut *tx, newest.to_owned(), values).await?;
        let cover = cover.first().map(|row| read::cover(row, "cover_id", "cover_colour"));
        let cover = cover.transpose()?.flatten();
        let mut values = bulk::Values::default();
        values
            .add(id.to_string())
            .add(delta.tracks)
            .add(delta.releases)
            .add(delta.plays)
            .add(cover.as_ref().map(|cover| cover.id.to_string()))
            .add(cover.as_ref().map(|cover| cover.colour.clone()));
        let sql = "UPDATE artist SET n_tracks = n_tracks + $2, n_releases = n_releases + $3,
                n_plays = n_plays + $4, cover_id = $5, cover_colour = $6
             WHERE artist_id = $1";
        bulk::execute(tx, sql.to_owned(), values).await?;
    }
    let respelt = std::mem::take(&mut effect.respelt);
    for id in respelt {
        artist_rename(tx, id, effect).await?;
    }
    Ok(())
}

/// An artist is called what most of the credits say.
async fn artist_rename(
    tx: &mut AnyConnection,
    id: ArtistId,
    effect: &mut Effect,
) -> Result<(), Error> {
    let one = |id: ArtistId| {
        let mut values = bulk::Values::default();
        values.add(id.to_string());
        values
    };
    let sql = "SELECT credited_as, COUNT(*) AS n FROM track_artist WHERE artist_id = $1
               GROUP BY credited_as ORDER BY n DESC, credited_as LIMIT 1";
    let spelling = bulk::fetch(&mut *tx, sql.to_owned(), one(id)).await?;
    let Some(spelling) = spelling.first().map(|row| row.try_get::<String, _>("credited_as")) else {
        return Ok(());
    };
    let spelling = spelling?;
    let sql = "SELECT name FROM artist WHERE artist_id = $1";
    let names = bulk::fetch(&mut *tx, sql.to_owned(), one(id)).await?;
    let Some(name) = names.first().map(|row| row.try_get::<String, _>("name")) else {
        return Ok(());
    };
    let name = name?;
    if name == spelling {
        return Ok(());
    }
    words::remove(tx, words::Of::Artists, &[(id.to_string(), &name)]).await?;
    words::put(tx, words::Of::Artists, &[(id.to_string(), &spelling)]).await?;
    let mut values = one(id);
    values.add(spelling.clone()).add(rules::sort_key(&spelling));
    let sql = "UPDATE artist SET name = $2, sort_key = $3 WHERE artist_id = $1";
    bulk::execute(tx, sql.to_owned(), values).await?;
    // All that shows the name has changed with it.
    for (table, column) in [("track_artist", "track_id"), ("release_artist", "release_id")] {
        let sql = format!("SELECT DISTINCT {column} AS id FROM {table} WHERE artist_id = $1");
        for row in bulk::fetch(&mut *tx, sql, one(id)).await? {
            let id: String = row.try_get("id")?;
            effect.changed.insert(match column {
                "track_id" => Entity::Track(id.parse()?),
                _ => Entity::Release(id.parse()?),
            });
        }
    }
    effect.artists.entry(id).or_default();
    Ok(())
}

/// Artists without any music left are gone.
async fn artists_remove(tx: &mut AnyConnection, effect: &Effect) -> Result<(), Error> {
    let falling = effect.artists.iter().filter(|(_, d)| d.tracks < 0 || d.releases < 0);
    let falling = falling.map(|(id, _)| *id).collect::<HashSet<_>>();
    let gone = bulk::fetch_by(
        tx,
        "SELECT artist_id, name FROM artist
         WHERE artist_id IN ({list}) AND n_tracks = 0 AND n_releases = 0",
        &falling,
    )
    .await?;
    if gone.is_empty() {
        return Ok(());
    }
    let mut ids = Vec::new();
    let mut names = Vec::new();
    for row in gone {
        ids.push(row.try_get::<String, _>("artist_id")?);
        names.push(row.try_get::<String, _>("name")?);
    }
    for table in ["artist", "artist_key"] {
        bulk::execute_by(tx, &format!("DELETE FROM {table} WHERE artist_id IN ({{list}})"), &ids)
            .await?;
    }
    let named = ids.iter().cloned().zip(names.iter().map(String::as_str)).collect::<Vec<_>>();
    words::remove(tx, words::Of::Artists, &named).await?;
    count(tx, Counter::Artists, -bulk::number(ids.len())).await.map(drop)
}
