//! Plays: each counts once, whenever it is reported.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use api::plays::{PLAY_COUNTS_AFTER_MS, Play, PlayReceipt};
use domain::{AccountId, ArtistId, ReleaseId, TrackId};
use engine_sql::{
    bulk,
    sqlx::{AnyConnection, Row as _},
};

use super::changes::{self, Entity};
use crate::{clock::Now, error::Error};

/// Players may be away from the network so long.
const AGE_MAX_US: i64 = 30 * DAY_US;

/// Clocks of players may run ahead by this much.
const AHEAD_MAX_US: i64 = DAY_US;

const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;

/// Nobody listens to one track longer than this.
const LISTENED_MS_MAX: u64 = 24 * 60 * 60 * 1_000;

/// Takes an account's plays in.
pub async fn plays_put(
    tx: &mut AnyConnection,
    account: AccountId,
    plays: &[Play],
    now: Now,
) -> Result<PlayReceipt, Error> {
    changes::lock(tx).await?;
    let releases = releases_of(tx, plays).await?;
    let mut fresh = fresh(tx, account, plays).await?;
    let oldest_us = now.us() - AGE_MAX_US;
    let latest_us = now.us() + AHEAD_MAX_US;
    fresh.retain(|play| {
        (oldest_us..=latest_us).contains(&play.started_at_us)
            && releases.contains_key(&play.track_id)
    });
    bulk::insert(
        tx,
        "INSERT INTO play (account_id, play_id, track_id, started_at_us, listened_ms, is_counted,
            received_at_us)",
        "",
        &fresh,
        7,
        |values, play| {
            values
                .add(account.to_string())
                .add(play.id.to_string())
                .add(play.track_id.to_string())
                .add(play.started_at_us)
                .add(play.listened_ms.min(LISTENED_MS_MAX).cast_signed())
                .add(i64::from(is_counted(play)))
                .add(now.us());
        },
    )
    .await?;
    let mut counted = BTreeMap::<TrackId, i64>::new();
    for play in fresh.iter().filter(|play| is_counted(play)) {
        *counted.entry(play.track_id).or_default() += 1;
    }
    count_plays(tx, &counted, &releases).await?;
    let n_accepted = fresh.len() as u64;
    Ok(PlayReceipt { n_accepted, n_ignored: plays.len() as u64 - n_accepted })
}

fn is_counted(play: &Play) -> bool {
    play.listened_ms >= PLAY_COUNTS_AFTER_MS
}

/// Those not known yet, each once.
async fn fresh<'a>(
    tx: &mut AnyConnection,
    account: AccountId,
    plays: &'a [Play],
) -> Result<Vec<&'a Play>, Error> {
    let mut values = bulk::Values::default();
    values.add(account.to_string());
    for play in plays {
        values.add(play.id.to_string());
    }
    let sql = format!(
        "SELECT play_id FROM play WHERE account_id = $1 AND play_id IN ({})",
        bulk::list(2, plays.len())
    );
    let mut known = BTreeSet::<String>::new();
    for row in bulk::fetch(tx, sql, values).await? {
        known.insert(row.try_get("play_id")?);
    }
    Ok(plays.iter().filter(|play| known.insert(play.id.to_string())).collect())
}

async fn releases_of(
    tx: &mut AnyConnection,
    plays: &[Play],
) -> Result<HashMap<TrackId, ReleaseId>, Error> {
    let tracks = plays.iter().map(|play| play.track_id).collect::<BTreeSet<_>>();
    let sql = "SELECT track_id, release_id FROM track WHERE track_id IN ({list})";
    let mut releases = HashMap::new();
    for row in bulk::fetch_by(tx, sql, tracks).await? {
        let track = row.try_get::<String, _>("track_id")?.parse()?;
        releases.insert(track, row.try_get::<String, _>("release_id")?.parse()?);
    }
    Ok(releases)
}

/// Adds plays to tracks, their releases and their artists.
async fn count_plays(
    tx: &mut AnyConnection,
    counted: &BTreeMap<TrackId, i64>,
    releases: &HashMap<TrackId, ReleaseId>,
) -> Result<(), Error> {
    let mut changed = BTreeSet::new();
    for (track, n_plays) in counted {
        let Some(release) = releases.get(track) else { continue };
        let artists = artists_of(tx, *release, *track).await?;
        for table in ["track", "track_artist"] {
            let sql = format!(
                "UPDATE {table} SET n_plays = n_plays + $1 WHERE release_id = $2 AND track_id = $3"
            );
            let mut values = bulk::Values::default();
            values.add(*n_plays).add(release.to_string()).add(track.to_string());
            bulk::execute(tx, sql, values).await?;
        }
        add(tx, "release", release.to_string(), *n_plays).await?;
        changed.extend([Entity::Track(*track), Entity::Release(*release)]);
        for artist in artists {
            add(tx, "artist", artist.to_string(), *n_plays).await?;
            changed.insert(Entity::Artist(artist));
        }
    }
    changes::record(tx, &changed.into_iter().collect::<Vec<_>>()).await
}

async fn artists_of(
    tx: &mut AnyConnection,
    release: ReleaseId,
    track: TrackId,
) -> Result<Vec<ArtistId>, Error> {
    let sql = "SELECT artist_id FROM track_artist WHERE release_id = $1 AND track_id = $2";
    let mut values = bulk::Values::default();
    values.add(release.to_string()).add(track.to_string());
    let rows = bulk::fetch(tx, sql.to_owned(), values).await?;
    rows.iter().map(|row| Ok(row.try_get::<String, _>("artist_id")?.parse()?)).collect()
}

async fn add(
    tx: &mut AnyConnection,
    table: &'static str,
    id: String,
    n_plays: i64,
) -> Result<(), Error> {
    let sql = format!("UPDATE {table} SET n_plays = n_plays + $1 WHERE {table}_id = $2");
    let mut values = bulk::Values::default();
    values.add(n_plays).add(id);
    bulk::execute(tx, sql, values).await?;
    Ok(())
}
