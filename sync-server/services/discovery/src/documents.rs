//! What of the catalog can be found, as the index takes it.

use std::collections::HashSet;

use domain::{ArtistRef, Track};
use engine_search::{Document, Kind};
use uuid::Uuid;

use crate::peer::{Catalog, Change, Entity, PeerError, PlayedArtist, PlayedRelease};

/// A play counts this much more than a track that merely is there.
const PLAY_WEIGHT: u64 = 16;

/// What a batch of changes means for the index.
#[derive(Debug, Default)]
pub(crate) struct Changed {
    pub puts: Vec<Document>,
    pub removals: Vec<(Kind, Uuid)>,
}

/// Looks up what has changed. What is not there any more is removed.
pub(crate) async fn changed(
    catalog: &dyn Catalog,
    changes: &[Change],
) -> Result<Changed, PeerError> {
    let (mut tracks, mut artists, mut releases) = (Vec::new(), Vec::new(), Vec::new());
    let mut seen = HashSet::new();
    for change in changes.iter().filter(|change| seen.insert(change.entity)) {
        match change.entity {
            Entity::Track(id) => tracks.push(id),
            Entity::Artist(id) => artists.push(id),
            Entity::Release(id) => releases.push(id),
        }
    }
    let mut puts = Vec::new();
    if !tracks.is_empty() {
        puts.extend(catalog.tracks_by_id(&tracks).await?.iter().map(track));
    }
    if !artists.is_empty() {
        puts.extend(catalog.played_artists(&artists).await?.iter().map(artist));
    }
    if !releases.is_empty() {
        puts.extend(catalog.played_releases(&releases).await?.iter().map(release));
    }
    let there: HashSet<Uuid> = puts.iter().map(|document| document.id).collect();
    let tracks = tracks.iter().map(|id| (Kind::Track, id.uuid()));
    let artists = artists.iter().map(|id| (Kind::Artist, id.uuid()));
    let releases = releases.iter().map(|id| (Kind::Release, id.uuid()));
    let all = tracks.chain(artists).chain(releases);
    let removals = all.filter(|(_, id)| !there.contains(id)).collect();
    Ok(Changed { puts, removals })
}

/// A track whose file is missing can still be found, behind those that can be played.
pub(crate) fn track(track: &Track) -> Document {
    let mut context = names(&track.artists);
    context.push(track.release.title.clone());
    let popularity =
        if track.is_available { track.n_plays.saturating_mul(PLAY_WEIGHT) + 1 } else { 0 };
    Document {
        kind: Kind::Track,
        id: track.id.uuid(),
        title: track.title.clone(),
        context,
        popularity,
    }
}

pub(crate) fn artist(played: &PlayedArtist) -> Document {
    let artist = &played.artist;
    let n_tracks = u64::from(artist.n_tracks);
    Document {
        kind: Kind::Artist,
        id: artist.id.uuid(),
        title: artist.name.clone(),
        context: Vec::new(),
        popularity: played.n_plays.saturating_mul(PLAY_WEIGHT).saturating_add(n_tracks),
    }
}

pub(crate) fn release(played: &PlayedRelease) -> Document {
    let release = &played.release;
    let n_tracks = u64::from(release.n_tracks);
    Document {
        kind: Kind::Release,
        id: release.id.uuid(),
        title: release.title.clone(),
        context: names(&release.artists),
        popularity: played.n_plays.saturating_mul(PLAY_WEIGHT).saturating_add(n_tracks),
    }
}

fn names(artists: &[ArtistRef]) -> Vec<String> {
    artists.iter().map(|artist| artist.name.clone()).collect()
}
