//! Rows of tracks: taken out and put in, a batch at a time.

use domain::TrackId;
use engine_sql::{
    bulk,
    sqlx::{AnyConnection, Row as _},
};

use super::{
    changes::Entity,
    put::{Incoming, Known},
    settle::Effect,
    words,
};
use crate::{error::Error, rules};

/// Takes out the rows of tracks that will be put in anew.
pub async fn remove(
    tx: &mut AnyConnection,
    tracks: &[(TrackId, &Known)],
    effect: &mut Effect,
) -> Result<(), Error> {
    if tracks.is_empty() {
        return Ok(());
    }
    // Looked up by release, which heads the primary key.
    let found = bulk::fetch_by(
        tx,
        "SELECT ta.track_id, ta.artist_id FROM track t
         JOIN track_artist ta ON ta.release_id = t.release_id AND ta.track_id = t.track_id
         WHERE t.track_id IN ({list})",
        tracks.iter().map(|(id, _)| id),
    )
    .await?;
    for row in found {
        let track: TrackId = row.try_get::<String, _>("track_id")?.parse()?;
        let artist = row.try_get::<String, _>("artist_id")?.parse()?;
        let n_plays = tracks.iter().find(|(id, _)| *id == track).map_or(0, |(_, k)| k.n_plays);
        let delta = effect.artists.entry(artist).or_default();
        delta.tracks -= 1;
        delta.plays -= n_plays;
    }
    for chunk in tracks.chunks(bulk::PARAMETERS_MAX / 2) {
        for table in ["track_artist", "track"] {
            let mut values = bulk::Values::default();
            for (id, known) in chunk {
                values.add(known.release.to_string()).add(id.to_string());
            }
            let rows = bulk::rows(chunk.len(), 2);
            let sql =
                format!("DELETE FROM {table} WHERE (release_id, track_id) IN (VALUES {rows})");
            bulk::execute(tx, sql, values).await?;
        }
    }
    let titles = tracks.iter().map(|(id, known)| (id.to_string(), known.title.as_str()));
    words::remove(tx, words::Of::Tracks, &titles.collect::<Vec<_>>()).await?;
    effect.releases.extend(tracks.iter().map(|(_, known)| known.release));
    Ok(())
}

/// Puts the rows of tracks in.
pub async fn insert(
    tx: &mut AnyConnection,
    incoming: &[Incoming<'_>],
    effect: &mut Effect,
) -> Result<(), Error> {
    bulk::insert(
        tx,
        "INSERT INTO track (release_id, track_id, title, sort_key, artist_sort, release_sort,
            disc_number, track_number, duration_ms, date, genres, isrc, musicbrainz_id, codec,
            content_type, sample_rate_hz, bits_per_sample, n_channels, bitrate_bps, size_bytes,
            integrated_lufs, true_peak_dbtp, loudness_blocks, cover_id, cover_colour, album_title,
            album_artists, is_compilation, fingerprint, n_plays, is_available, added_at_us)",
        "",
        incoming,
        32,
        bind,
    )
    .await?;
    let credits = incoming.iter().flat_map(|i| {
        i.artists.iter().enumerate().map(move |(position, (artist, name))| {
            (i.release, i.id, bulk::number(position), *artist, name.as_str(), i.n_plays)
        })
    });
    let credits = credits.collect::<Vec<_>>();
    bulk::insert(
        tx,
        "INSERT INTO track_artist
            (release_id, track_id, position, artist_id, credited_as, n_plays)",
        "",
        &credits,
        6,
        |values, (release, track, position, artist, name, n_plays)| {
            values
                .add(release.to_string())
                .add(track.to_string())
                .add(*position)
                .add(artist.to_string())
                .add((*name).to_owned())
                .add(*n_plays);
        },
    )
    .await?;
    let titles = incoming.iter().map(|i| (i.id.to_string(), i.track.title.as_str()));
    words::put(tx, words::Of::Tracks, &titles.collect::<Vec<_>>()).await?;
    for (_, _, _, artist, _, n_plays) in &credits {
        let delta = effect.artists.entry(*artist).or_default();
        delta.tracks += 1;
        delta.plays += n_plays;
    }
    effect.releases.extend(incoming.iter().map(|i| i.release));
    effect.changed.extend(incoming.iter().map(|i| Entity::Track(i.id)));
    Ok(())
}

fn bind(values: &mut bulk::Values, incoming: &Incoming<'_>) {
    let Incoming { track, .. } = incoming;
    let audio = &track.audio;
    let artists =
        incoming.artists.iter().map(|(_, name)| rules::sort_key(name)).collect::<Vec<_>>();
    let release_title = track.release_title.as_deref().unwrap_or(&track.title);
    values
        .add(incoming.release.to_string())
        .add(incoming.id.to_string())
        .add(track.title.clone())
        .add(rules::sort_key(&track.title))
        .add(rules::credit_sort_key(&artists))
        .add(rules::sort_key(release_title))
        .add(i64::from(track.disc_number))
        .add(i64::from(track.track_number))
        .add(signed(track.duration_ms))
        .add(track.date.clone())
        .add(json(&track.genres))
        .add(track.isrc.as_ref().map(|isrc| isrc.as_str().to_owned()))
        .add(track.musicbrainz_recording_id.clone())
        .add(audio.codec.as_str().to_owned())
        .add(audio.content_type.clone())
        .add(i64::from(audio.sample_rate_hz))
        .add(audio.bits_per_sample.map(i64::from))
        .add(i64::from(audio.n_channels))
        .add(i64::from(audio.bitrate_bps))
        .add(signed(audio.size_bytes))
        .add(track.loudness.map(|loudness| loudness.integrated_lufs))
        .add(track.loudness.map(|loudness| loudness.true_peak_dbtp))
        .add(track.loudness_blocks.to_bytes())
        .add(track.cover.as_ref().map(|cover| cover.id.to_string()))
        .add(track.cover.as_ref().map(|cover| cover.colour.clone()))
        .add(track.release_title.clone())
        .add(json(&incoming.album_artists))
        .add(i64::from(track.is_compilation || rules::is_various(&track.album_artists)))
        .add(incoming.fingerprint.clone())
        .add(incoming.n_plays)
        .add(1_i64)
        .add(incoming.added_at_us);
}

/// Databases know no unsigned numbers; nothing that is counted here comes near the limit.
fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// A list in one column.
pub fn json<T: serde::Serialize>(values: &[T]) -> String {
    serde_json::to_string(values).expect("lists of texts always serialise")
}
