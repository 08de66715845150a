//! A catalog in memory.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use domain::{
    Artist, ArtistId, ArtistRef, AudioFacts, Codec, Release, ReleaseId, ReleaseKind, ReleaseRef,
    Track, TrackId, TrackLoudness,
};
use svc_discovery::peer::{Catalog, Change, Entity, PeerError, PlayedArtist, PlayedRelease};

#[derive(Default)]
pub struct Shelf {
    state: Mutex<State>,
    is_broken: AtomicBool,
}

#[derive(Default)]
struct State {
    tracks: BTreeMap<TrackId, Track>,
    artists: BTreeMap<ArtistId, Artist>,
    releases: BTreeMap<ReleaseId, Release>,
    changes: Vec<Change>,
    n_made: u64,
    n_changes: i64,
}

impl State {
    fn change(&mut self, entity: Entity) {
        self.n_changes += 1;
        self.changes.push(Change { seq: self.n_changes, entity });
    }

    fn id<T>(&mut self, make: fn(u64, [u8; 10]) -> T) -> T {
        self.n_made += 1;
        make(self.n_made, [7; 10])
    }
}

impl Shelf {
    /// Adds a track, with its artist and release where they are new.
    pub fn add(&self, artist: &str, release: &str, title: &str) -> TrackId {
        let mut state = self.state.lock().unwrap();
        let artist = artist_of(&mut state, artist);
        let release = release_of(&mut state, release, &artist);
        let id = state.id(TrackId::new);
        let track = track(id, title, artist, release);
        state.tracks.insert(id, track);
        state.change(Entity::Track(id));
        id
    }

    pub fn retitle(&self, id: TrackId, title: &str) {
        let mut state = self.state.lock().unwrap();
        state.tracks.get_mut(&id).unwrap().title = title.into();
        state.change(Entity::Track(id));
    }

    pub fn remove(&self, id: TrackId) {
        let mut state = self.state.lock().unwrap();
        state.tracks.remove(&id);
        state.change(Entity::Track(id));
    }

    /// Removes without a word: what a search meets that is quicker than the index.
    pub fn remove_silently(&self, id: TrackId) {
        self.state.lock().unwrap().tracks.remove(&id);
    }

    /// As a catalog does that keeps its changes for some days only.
    pub fn forget_changes(&self) {
        self.state.lock().unwrap().changes.clear();
    }

    pub fn set_broken(&self, is_broken: bool) {
        self.is_broken.store(is_broken, Ordering::SeqCst);
    }

    fn look<T>(&self, look: impl FnOnce(&State) -> T) -> Result<T, PeerError> {
        if self.is_broken.load(Ordering::SeqCst) {
            return Err(PeerError::new("look at the shelf", "it is broken"));
        }
        Ok(look(&self.state.lock().unwrap()))
    }
}

fn artist_of(state: &mut State, name: &str) -> ArtistRef {
    if let Some(artist) = state.artists.values().find(|artist| artist.name == name) {
        return ArtistRef { id: artist.id, name: name.into() };
    }
    let id = state.id(ArtistId::new);
    let name = name.to_owned();
    let artist =
        Artist { id, name: name.clone(), cover: None, n_releases: 1, n_tracks: 1, added_at_us: 0 };
    state.artists.insert(id, artist);
    state.change(Entity::Artist(id));
    ArtistRef { id, name }
}

fn release_of(state: &mut State, title: &str, artist: &ArtistRef) -> ReleaseRef {
    if let Some(release) = state.releases.values().find(|release| release.title == title) {
        return ReleaseRef { id: release.id, title: title.into() };
    }
    let id = state.id(ReleaseId::new);
    let title = title.to_owned();
    let release = Release {
        id,
        title: title.clone(),
        artists: vec![artist.clone()],
        kind: ReleaseKind::Album,
        date: None,
        genres: vec![],
        cover: None,
        n_tracks: 1,
        duration_ms: 1,
        added_at_us: 0,
    };
    state.releases.insert(id, release);
    state.change(Entity::Release(id));
    ReleaseRef { id, title }
}

fn track(id: TrackId, title: &str, artist: ArtistRef, release: ReleaseRef) -> Track {
    Track {
        id,
        title: title.into(),
        artists: vec![artist],
        release,
        cover: None,
        disc_number: 1,
        track_number: 1,
        duration_ms: 180_000,
        genres: vec![],
        date: None,
        isrc: None,
        audio: AudioFacts {
            codec: Codec::Flac,
            content_type: "audio/flac".into(),
            sample_rate_hz: 44_100,
            bits_per_sample: Some(16),
            n_channels: 2,
            bitrate_bps: 800_000,
            size_bytes: 1,
        },
        loudness: TrackLoudness::default(),
        n_plays: 0,
        is_available: true,
        added_at_us: 0,
    }
}

fn by_id<I: Ord, T: Clone>(all: &BTreeMap<I, T>, ids: &[I]) -> Vec<T> {
    ids.iter().filter_map(|id| all.get(id)).cloned().collect()
}

fn page<I: Ord + Copy, T>(all: &BTreeMap<I, T>, after: Option<I>, limit: u32) -> Vec<I> {
    let is_after = |id: &&I| after.is_none_or(|after| **id > after);
    all.keys().filter(is_after).take(limit as usize).copied().collect()
}

#[async_trait]
impl Catalog for Shelf {
    async fn changes_after(&self, seq: i64, limit: u32) -> Result<Vec<Change>, PeerError> {
        self.look(|state| {
            let after = state.changes.iter().filter(|change| change.seq > seq);
            after.take(limit as usize).copied().collect()
        })
    }

    async fn change_latest(&self) -> Result<i64, PeerError> {
        self.look(|state| state.n_changes)
    }

    async fn tracks_by_id(&self, ids: &[TrackId]) -> Result<Vec<Track>, PeerError> {
        self.look(|state| by_id(&state.tracks, ids))
    }

    async fn artists_by_id(&self, ids: &[ArtistId]) -> Result<Vec<Artist>, PeerError> {
        self.look(|state| by_id(&state.artists, ids))
    }

    async fn releases_by_id(&self, ids: &[ReleaseId]) -> Result<Vec<Release>, PeerError> {
        self.look(|state| by_id(&state.releases, ids))
    }

    async fn played_artists(&self, ids: &[ArtistId]) -> Result<Vec<PlayedArtist>, PeerError> {
        let played = |artist| PlayedArtist { artist, n_plays: 0 };
        self.look(|state| by_id(&state.artists, ids).into_iter().map(played).collect())
    }

    async fn played_releases(&self, ids: &[ReleaseId]) -> Result<Vec<PlayedRelease>, PeerError> {
        let played = |release| PlayedRelease { release, n_plays: 0 };
        self.look(|state| by_id(&state.releases, ids).into_iter().map(played).collect())
    }

    async fn track_ids_page(
        &self,
        after: Option<TrackId>,
        limit: u32,
    ) -> Result<Vec<TrackId>, PeerError> {
        self.look(|state| page(&state.tracks, after, limit))
    }

    async fn artist_ids_page(
        &self,
        after: Option<ArtistId>,
        limit: u32,
    ) -> Result<Vec<ArtistId>, PeerError> {
        self.look(|state| page(&state.artists, after, limit))
    }

    async fn release_ids_page(
        &self,
        after: Option<ReleaseId>,
        limit: u32,
    ) -> Result<Vec<ReleaseId>, PeerError> {
        self.look(|state| page(&state.releases, after, limit))
    }
}
