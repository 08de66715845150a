//! Taking tracks in.

use std::collections::{BTreeMap, HashMap};

use domain::{ArtistId, ReleaseId, TrackId, imported::ImportedTrack};
use engine_sql::{
    bulk,
    sqlx::{AnyConnection, Row as _},
};

use super::{
    artists::Directory,
    changes::{self, Entity},
    releases::Shelf,
    rows,
    settle::{Effect, settle},
};
use crate::{clock::Now, error::Error, rules};

/// A track as it stands, as far as putting it again goes.
pub struct Known {
    pub release: ReleaseId,
    pub title: String,
    pub fingerprint: String,
    pub n_plays: i64,
    pub is_available: bool,
    pub added_at_us: i64,
}

/// A track on its way in, with all that was decided about it.
pub struct Incoming<'a> {
    pub id: TrackId,
    pub track: &'a ImportedTrack,
    pub fingerprint: String,
    pub release: ReleaseId,
    /// With the spelling of the credit.
    pub artists: Vec<(ArtistId, String)>,
    pub album_artists: Vec<ArtistId>,
    pub n_plays: i64,
    pub added_at_us: i64,
}

/// Adds or replaces tracks and makes them available; everything that follows for artists and
/// releases happens in the same transaction. Tracks that stand there already as they are given
/// cost one look.
pub async fn tracks_put(
    tx: &mut AnyConnection,
    tracks: &[(TrackId, ImportedTrack)],
    now: Now,
) -> Result<(), Error> {
    changes::lock(tx).await?;
    // Of a track given twice the last counts.
    let latest: BTreeMap<TrackId, &ImportedTrack> = tracks.iter().map(|(id, t)| (*id, t)).collect();
    let known = known(tx, latest.keys()).await?;
    let mut changed = Vec::new();
    for (id, track) in latest {
        let fingerprint = fingerprint(track);
        let is_same = known
            .get(&id)
            .is_some_and(|known| known.fingerprint == fingerprint && known.is_available);
        if !is_same {
            changed.push((id, track, fingerprint));
        }
    }
    if changed.is_empty() {
        return Ok(());
    }
    // Tracks that name the artist of their release come first: the others may join them.
    changed.sort_by_key(|(_, track, _)| track.album_artists.is_empty());

    let mut effect = Effect::default();
    let incoming = decide(tx, changed, &known, now, &mut effect).await?;
    let replaced = incoming.iter().filter_map(|i| Some((i.id, known.get(&i.id)?)));
    let replaced = replaced.collect::<Vec<_>>();
    rows::remove(tx, &replaced, &mut effect).await?;
    rows::insert(tx, &incoming, &mut effect).await?;
    effect.n_tracks = bulk::number(incoming.len()) - bulk::number(replaced.len());
    settle(tx, effect, now).await
}

/// Says whether the files behind tracks are there.
pub async fn tracks_set_available(
    tx: &mut AnyConnection,
    ids: &[TrackId],
    is_available: bool,
) -> Result<(), Error> {
    changes::lock(tx).await?;
    let known = known(tx, ids).await?;
    let turned = known.iter().filter(|(_, known)| known.is_available != is_available);
    let turned = turned.map(|(id, _)| *id).collect::<Vec<_>>();
    let sql = format!(
        "UPDATE track SET is_available = {} WHERE track_id IN ({{list}})",
        i64::from(is_available)
    );
    bulk::execute_by(tx, &sql, &turned).await?;
    changes::record(tx, &turned.into_iter().map(Entity::Track).collect::<Vec<_>>()).await
}

async fn known<'a>(
    tx: &mut AnyConnection,
    ids: impl IntoIterator<Item = &'a TrackId>,
) -> Result<HashMap<TrackId, Known>, Error> {
    let found = bulk::fetch_by(
        tx,
        "SELECT track_id, release_id, title, fingerprint, n_plays, is_available, added_at_us
         FROM track WHERE track_id IN ({list})",
        ids,
    )
    .await?;
    let known = |row: engine_sql::sqlx::any::AnyRow| {
        let known = Known {
            release: row.try_get::<String, _>("release_id")?.parse()?,
            title: row.try_get("title")?,
            fingerprint: row.try_get("fingerprint")?,
            n_plays: row.try_get("n_plays")?,
            is_available: row.try_get::<i64, _>("is_available")? != 0,
            added_at_us: row.try_get("added_at_us")?,
        };
        Ok((row.try_get::<String, _>("track_id")?.parse()?, known))
    };
    found.into_iter().map(known).collect()
}

/// Finds the artists and the release of each track.
async fn decide<'a>(
    tx: &mut AnyConnection,
    changed: Vec<(TrackId, &'a ImportedTrack, String)>,
    known: &HashMap<TrackId, Known>,
    now: Now,
    effect: &mut Effect,
) -> Result<Vec<Incoming<'a>>, Error> {
    let credits = changed
        .iter()
        .map(|(_, track, _)| {
            let by = rules::track_credit(&track.artists, &track.album_artists);
            let of_release = if rules::is_various(&track.album_artists) {
                // The release will be by various artists, whatever this spelling of it.
                &[][..]
            } else {
                track.album_artists.as_slice()
            };
            (by, of_release)
        })
        .collect::<Vec<_>>();
    // Collected: a closure of references held over an await is not provably `Send`.
    let all = credits.iter().flat_map(|(by, of_release)| by.iter().chain(*of_release));
    let all = all.collect::<Vec<_>>();
    let mut directory = Directory::load(tx, all.into_iter(), now).await?;

    let keys = changed.iter().map(|(_, track, _)| rules::release_keys(track)).collect::<Vec<_>>();
    let mut shelf = Shelf::load(tx, keys.iter(), now).await?;

    let mut incoming = Vec::with_capacity(changed.len());
    for (((id, track, fingerprint), (by, of_release)), keys) in
        changed.into_iter().zip(credits).zip(keys)
    {
        let known = known.get(&id);
        let album_artists = directory.resolve_all(of_release);
        incoming.push(Incoming {
            id,
            track,
            fingerprint,
            release: shelf.place(&keys),
            artists: directory.resolve_all(&by),
            album_artists: album_artists.into_iter().map(|(id, _)| id).collect(),
            n_plays: known.map_or(0, |known| known.n_plays),
            added_at_us: known.map_or(now.us(), |known| known.added_at_us),
        });
    }
    directory.save(tx).await?;
    shelf.save(tx).await?;
    effect.respelt.extend(directory.respelt());
    Ok(incoming)
}

/// Stands for everything that a track brings and for the rules that sort it.
fn fingerprint(track: &ImportedTrack) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&rules::VERSION.to_le_bytes());
    serde_json::to_writer(&mut hasher, track)
        .expect("imported tracks are texts and numbers, and hashing does not fail");
    hasher.finalize().to_hex()[..32].to_owned()
}
