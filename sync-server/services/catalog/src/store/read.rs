//! Entities by id: a page of any size is a handful of queries.

use std::collections::HashMap;

use domain::{
    Artist, ArtistId, ArtistRef, AudioFacts, Codec, Cover, Loudness, Release, ReleaseId,
    ReleaseKind, ReleaseRef, Track, TrackId, TrackLoudness, isrc::Isrc,
};
use engine_sql::{
    bulk,
    sqlx::{AnyConnection, Row as _, any::AnyRow},
};
use serde::de::DeserializeOwned;

use crate::error::Error;

/// Something with how often it was played.
#[derive(Clone, PartialEq, Debug)]
pub struct Played<T> {
    pub item: T,
    /// Counted plays of all its tracks.
    pub n_plays: u64,
}

/// The tracks with these ids, in the order of the ids; unknown ones are left out.
pub async fn tracks_by_id(tx: &mut AnyConnection, ids: &[TrackId]) -> Result<Vec<Track>, Error> {
    let found = bulk::fetch_by(
        tx,
        "SELECT t.track_id, t.title, t.release_id, r.title AS release_title, t.disc_number,
            t.track_number, t.duration_ms, t.genres, t.date, t.isrc, t.codec, t.content_type,
            t.sample_rate_hz, t.bits_per_sample, t.n_channels, t.bitrate_bps, t.size_bytes,
            t.integrated_lufs, t.true_peak_dbtp, r.integrated_lufs AS release_lufs,
            r.true_peak_dbtp AS release_peak, t.cover_id, t.cover_colour,
            r.cover_id AS release_cover_id, r.cover_colour AS release_cover_colour, t.n_plays,
            t.is_available, t.added_at_us
         FROM track t JOIN release r ON r.release_id = t.release_id
         WHERE t.track_id IN ({list})",
        ids,
    )
    .await?;
    let credits = bulk::fetch_by(
        tx,
        "SELECT ta.track_id AS id, ta.artist_id, a.name FROM track t
         JOIN track_artist ta ON ta.release_id = t.release_id AND ta.track_id = t.track_id
         JOIN artist a ON a.artist_id = ta.artist_id
         WHERE t.track_id IN ({list}) ORDER BY ta.track_id, ta.position",
        ids,
    )
    .await?;
    let mut credits = by_id(credits)?;
    let mut tracks = HashMap::with_capacity(found.len());
    for row in found {
        let artists = credits.remove(&row.try_get::<String, _>("track_id")?).unwrap_or_default();
        let track = track(&row, artists)?;
        tracks.insert(track.id, track);
    }
    Ok(ids.iter().filter_map(|id| tracks.remove(id)).collect())
}

/// The releases with these ids, in the order of the ids; unknown ones are left out.
pub async fn releases_by_id(
    tx: &mut AnyConnection,
    ids: &[ReleaseId],
) -> Result<Vec<Played<Release>>, Error> {
    let found = bulk::fetch_by(
        tx,
        "SELECT release_id, title, kind, date, genres, cover_id, cover_colour, n_tracks,
            duration_ms, n_plays, added_at_us
         FROM release WHERE release_id IN ({list})",
        ids,
    )
    .await?;
    let credits = bulk::fetch_by(
        tx,
        "SELECT ra.release_id AS id, ra.artist_id, a.name FROM release_artist ra
         JOIN artist a ON a.artist_id = ra.artist_id
         WHERE ra.release_id IN ({list}) ORDER BY ra.release_id, ra.position",
        ids,
    )
    .await?;
    let mut credits = by_id(credits)?;
    let mut releases = HashMap::with_capacity(found.len());
    for row in found {
        let artists = credits.remove(&row.try_get::<String, _>("release_id")?).unwrap_or_default();
        let release = release(&row, artists)?;
        releases.insert(release.item.id, release);
    }
    Ok(ids.iter().filter_map(|id| releases.remove(id)).collect())
}

/// The artists with these ids, in the order of the ids; unknown ones are left out.
pub async fn artists_by_id(
    tx: &mut AnyConnection,
    ids: &[ArtistId],
) -> Result<Vec<Played<Artist>>, Error> {
    let found = bulk::fetch_by(
        tx,
        "SELECT artist_id, name, cover_id, cover_colour, n_releases, n_tracks, n_plays, added_at_us
         FROM artist WHERE artist_id IN ({list})",
        ids,
    )
    .await?;
    let mut artists = HashMap::with_capacity(found.len());
    for row in found {
        let artist = artist(&row)?;
        artists.insert(artist.item.id, artist);
    }
    Ok(ids.iter().filter_map(|id| artists.remove(id)).collect())
}

fn by_id(rows: Vec<AnyRow>) -> Result<HashMap<String, Vec<ArtistRef>>, Error> {
    let mut by_id = HashMap::<String, Vec<ArtistRef>>::new();
    for row in rows {
        let artist = ArtistRef {
            id: row.try_get::<String, _>("artist_id")?.parse()?,
            name: row.try_get("name")?,
        };
        by_id.entry(row.try_get("id")?).or_default().push(artist);
    }
    Ok(by_id)
}

fn track(row: &AnyRow, artists: Vec<ArtistRef>) -> Result<Track, Error> {
    let codec: String = row.try_get("codec")?;
    let bits_per_sample: Option<i64> = row.try_get("bits_per_sample")?;
    let isrc: Option<String> = row.try_get("isrc")?;
    Ok(Track {
        id: row.try_get::<String, _>("track_id")?.parse()?,
        title: row.try_get("title")?,
        artists,
        release: ReleaseRef {
            id: row.try_get::<String, _>("release_id")?.parse()?,
            title: row.try_get("release_title")?,
        },
        cover: match cover(row, "cover_id", "cover_colour")? {
            Some(own) => Some(own),
            None => cover(row, "release_cover_id", "release_cover_colour")?,
        },
        disc_number: unsigned(row, "disc_number")?,
        track_number: unsigned(row, "track_number")?,
        duration_ms: unsigned(row, "duration_ms")?,
        genres: json(row, "genres")?,
        date: row.try_get("date")?,
        isrc: isrc.and_then(|isrc| Isrc::parse(&isrc).ok()),
        audio: AudioFacts {
            codec: Codec::from_name(&codec)
                .ok_or(Error::Value { column: "codec", value: codec })?,
            content_type: row.try_get("content_type")?,
            sample_rate_hz: unsigned(row, "sample_rate_hz")?,
            bits_per_sample: bits_per_sample.and_then(|bits| u32::try_from(bits).ok()),
            n_channels: unsigned(row, "n_channels")?,
            bitrate_bps: unsigned(row, "bitrate_bps")?,
            size_bytes: unsigned(row, "size_bytes")?,
        },
        loudness: TrackLoudness {
            track: loudness(row, "integrated_lufs", "true_peak_dbtp")?,
            release: loudness(row, "release_lufs", "release_peak")?,
        },
        n_plays: unsigned(row, "n_plays")?,
        is_available: row.try_get::<i64, _>("is_available")? != 0,
        added_at_us: row.try_get("added_at_us")?,
    })
}

fn release(row: &AnyRow, artists: Vec<ArtistRef>) -> Result<Played<Release>, Error> {
    let kind: String = row.try_get("kind")?;
    let date: String = row.try_get("date")?;
    let item = Release {
        id: row.try_get::<String, _>("release_id")?.parse()?,
        title: row.try_get("title")?,
        artists,
        kind: ReleaseKind::from_name(&kind).ok_or(Error::Value { column: "kind", value: kind })?,
        date: (!date.is_empty()).then_some(date),
        genres: json(row, "genres")?,
        cover: cover(row, "cover_id", "cover_colour")?,
        n_tracks: unsigned(row, "n_tracks")?,
        duration_ms: unsigned(row, "duration_ms")?,
        added_at_us: row.try_get("added_at_us")?,
    };
    Ok(Played { item, n_plays: unsigned(row, "n_plays")? })
}

fn artist(row: &AnyRow) -> Result<Played<Artist>, Error> {
    let item = Artist {
        id: row.try_get::<String, _>("artist_id")?.parse()?,
        name: row.try_get("name")?,
        cover: cover(row, "cover_id", "cover_colour")?,
        n_releases: unsigned(row, "n_releases")?,
        n_tracks: unsigned(row, "n_tracks")?,
        added_at_us: row.try_get("added_at_us")?,
    };
    Ok(Played { item, n_plays: unsigned(row, "n_plays")? })
}

/// A number that is never negative.
pub fn unsigned<T: TryFrom<i64>>(row: &AnyRow, column: &'static str) -> Result<T, Error> {
    let value: i64 = row.try_get(column)?;
    T::try_from(value).map_err(|_| Error::Value { column, value: value.to_string() })
}

/// A list kept in one column.
pub fn json<T: DeserializeOwned>(row: &AnyRow, column: &'static str) -> Result<Vec<T>, Error> {
    let value: String = row.try_get(column)?;
    serde_json::from_str(&value).map_err(|_| Error::Value { column, value })
}

/// A cover in two columns.
pub fn cover(
    row: &AnyRow,
    id_column: &'static str,
    colour_column: &'static str,
) -> Result<Option<Cover>, Error> {
    let id: Option<String> = row.try_get(id_column)?;
    let colour: Option<String> = row.try_get(colour_column)?;
    match (id, colour) {
        (Some(id), Some(colour)) => Ok(Some(Cover { id: id.parse()?, colour })),
        _ => Ok(None),
    }
}

/// Loudness in two columns.
pub fn loudness(
    row: &AnyRow,
    lufs_column: &'static str,
    peak_column: &'static str,
) -> Result<Option<Loudness>, Error> {
    let lufs: Option<f64> = row.try_get(lufs_column)?;
    let peak: Option<f64> = row.try_get(peak_column)?;
    Ok(lufs
        .zip(peak)
        .map(|(integrated_lufs, true_peak_dbtp)| Loudness { integrated_lufs, true_peak_dbtp }))
}
