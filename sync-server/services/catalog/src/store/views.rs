//! What the pages of one artist and one release show.

use domain::{ArtistId, ReleaseId, TrackId};
use engine_sql::{Readers, sqlx};

use crate::error::Error;

/// Tracks at the top of an artist's page.
const TOP_TRACKS_MAX: i64 = 10;

/// Releases on an artist's page, of each kind.
const RELEASES_MAX: i64 = 200;

/// Tracks on a release's page; the list of tracks pages through more.
const RELEASE_TRACKS_MAX: i64 = 2_000;

/// The artist's most played tracks.
pub async fn top_tracks(pool: &Readers, artist: ArtistId) -> Result<Vec<TrackId>, Error> {
    let ids: Vec<String> = sqlx::query_scalar(
        "SELECT track_id FROM track_artist WHERE artist_id = $1
         ORDER BY n_plays DESC, track_id DESC LIMIT $2",
    )
    .bind(artist.to_string())
    .bind(TOP_TRACKS_MAX)
    .fetch_all(pool)
    .await?;
    parse(&ids)
}

/// The artist's own releases, newest first.
pub async fn releases(pool: &Readers, artist: ArtistId) -> Result<Vec<ReleaseId>, Error> {
    let ids: Vec<String> = sqlx::query_scalar(
        "SELECT release_id FROM release_artist WHERE artist_id = $1
         ORDER BY date DESC, release_id DESC LIMIT $2",
    )
    .bind(artist.to_string())
    .bind(RELEASES_MAX)
    .fetch_all(pool)
    .await?;
    parse(&ids)
}

/// Releases by others with tracks of the artist, newest first.
pub async fn appears_on(pool: &Readers, artist: ArtistId) -> Result<Vec<ReleaseId>, Error> {
    let ids: Vec<String> = sqlx::query_scalar(
        "SELECT r.release_id FROM (
            SELECT DISTINCT ta.release_id FROM track_artist ta
            WHERE ta.artist_id = $1 AND NOT EXISTS (
                SELECT 1 FROM release_artist ra
                WHERE ra.release_id = ta.release_id AND ra.artist_id = $1)
            LIMIT $2) found
         JOIN release r ON r.release_id = found.release_id
         ORDER BY r.date DESC, r.release_id DESC",
    )
    .bind(artist.to_string())
    .bind(RELEASES_MAX)
    .fetch_all(pool)
    .await?;
    parse(&ids)
}

/// The tracks of a release, by disc, then number.
pub async fn release_tracks(pool: &Readers, release: ReleaseId) -> Result<Vec<TrackId>, Error> {
    let ids: Vec<String> = sqlx::query_scalar(
        "SELECT track_id FROM track WHERE release_id = $1
         ORDER BY disc_number, track_number, sort_key, track_id LIMIT $2",
    )
    .bind(release.to_string())
    .bind(RELEASE_TRACKS_MAX)
    .fetch_all(pool)
    .await?;
    parse(&ids)
}

fn parse<T: std::str::FromStr<Err = domain::ids::IdError>>(
    ids: &[String],
) -> Result<Vec<T>, Error> {
    Ok(ids.iter().map(|id| id.parse()).collect::<Result<_, _>>()?)
}
