//! Tracks by id: in memory, else on this device, else from the server.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use domain::{ArtistRef, AudioFacts, Codec, ReleaseId, ReleaseRef, Track, TrackId, TrackLoudness};
use futures::{StreamExt, stream};
use ipc::{Fault, FaultKind};
use local_store::Store;

use crate::{
    clock::{blocking, now_us},
    server::{Request, Server},
};

/// Tracks held in memory, some 1 kB each. Beyond it, those not seen lately go.
const SHELF_MAX: usize = 10_000;

/// Requests for single tracks at a time.
const FETCHES_MAX: usize = 8;

/// Every track that passed by, so that a queue of ids has names.
pub(crate) struct Tracks {
    server: Arc<Server>,
    store: Store,
    shelf: Mutex<Shelf>,
}

/// Two generations: what is not seen during a whole generation goes with it.
#[derive(Default)]
struct Shelf {
    owner: String,
    young: HashMap<TrackId, Arc<Track>>,
    old: HashMap<TrackId, Arc<Track>>,
}

impl Shelf {
    fn get(&mut self, id: TrackId) -> Option<Arc<Track>> {
        if let Some(track) = self.young.get(&id) {
            return Some(Arc::clone(track));
        }
        let track = self.old.remove(&id)?;
        self.put(Arc::clone(&track));
        Some(track)
    }

    fn put(&mut self, track: Arc<Track>) {
        if self.young.len() >= SHELF_MAX / 2 {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(track.id, track);
    }
}

impl Tracks {
    pub fn new(server: Arc<Server>, store: Store) -> Self {
        Self { server, store, shelf: Mutex::default() }
    }

    /// What is in memory; takes no time.
    pub fn at_hand(&self, id: TrackId) -> Option<Arc<Track>> {
        let owner = self.server.owner_now().ok()?;
        self.with_shelf(&owner, |shelf| shelf.get(id))
    }

    /// Without those of which memory knows that their files are missing; takes no time, so that a
    /// large selection plays at once. Others are found out when their turn comes.
    pub fn without_missing(&self, ids: Vec<TrackId>) -> Result<Vec<TrackId>, Fault> {
        let owner = self.server.owner_now()?;
        Ok(self.with_shelf(&owner, |shelf| {
            let is_there = |id: &TrackId| {
                let known = shelf.young.get(id).or_else(|| shelf.old.get(id));
                known.is_none_or(|track| track.is_available)
            };
            ids.into_iter().filter(is_there).collect()
        }))
    }

    /// Remembers tracks that the server told of, also beyond the end of the app.
    pub async fn seen<'a>(&self, tracks: impl IntoIterator<Item = &'a Track>) {
        let Ok(owner) = self.server.owner_now() else { return };
        let tracks: Vec<Arc<Track>> = tracks.into_iter().cloned().map(Arc::new).collect();
        if tracks.is_empty() {
            return;
        }
        self.with_shelf(&owner, |shelf| tracks.iter().cloned().for_each(|track| shelf.put(track)));
        let store = self.store.clone();
        let saved = blocking(move || {
            let tracks = tracks.iter().map(|track| (track.id, track.as_ref()));
            store.set_tracks(&owner, tracks, now_us())
        })
        .await;
        if let Err(error) = saved {
            tracing::warn!(%error, "tracks were not saved");
        }
    }

    /// One track, from wherever it is had soonest.
    pub async fn get(&self, id: TrackId) -> Result<Arc<Track>, Fault> {
        if let Some(track) = self.local(&[id]).await?.remove(&id) {
            return Ok(track);
        }
        self.fetch(id).await
    }

    /// All of `ids` that can be had, without a word about the others.
    pub async fn get_all(&self, ids: &[TrackId]) -> Result<HashMap<TrackId, Arc<Track>>, Fault> {
        let mut found = self.local(ids).await?;
        let missing: Vec<TrackId> =
            ids.iter().copied().filter(|id| !found.contains_key(id)).collect();
        if missing.is_empty() || !self.server.is_online() {
            return Ok(found);
        }
        let fetched: Vec<_> = stream::iter(missing)
            .map(|id| self.fetch(id))
            .buffer_unordered(FETCHES_MAX)
            // The first silence speaks for the rest.
            .take_while(|got| {
                let is_offline = got.as_ref().is_err_and(|fault| fault.kind == FaultKind::Offline);
                std::future::ready(!is_offline)
            })
            .filter_map(|got| std::future::ready(got.ok()))
            .collect()
            .await;
        found.extend(fetched.into_iter().map(|track| (track.id, track)));
        Ok(found)
    }

    /// Those that this device knows.
    pub async fn local(&self, ids: &[TrackId]) -> Result<HashMap<TrackId, Arc<Track>>, Fault> {
        let owner = self.server.owner_now()?;
        let mut found = HashMap::with_capacity(ids.len().min(SHELF_MAX));
        let mut missing = Vec::new();
        self.with_shelf(&owner, |shelf| {
            for id in ids {
                match shelf.get(*id) {
                    Some(track) => drop(found.insert(*id, track)),
                    None => missing.push(*id),
                }
            }
        });
        if missing.is_empty() {
            return Ok(found);
        }
        let (store, of) = (self.store.clone(), owner.clone());
        let stored = blocking(move || store.tracks::<Track>(&of, &missing)).await;
        let stored = stored.unwrap_or_else(|error| {
            tracing::warn!(%error, "tracks were not read");
            Vec::new()
        });
        self.with_shelf(&owner, |shelf| {
            for track in stored {
                let track = Arc::new(track);
                shelf.put(Arc::clone(&track));
                found.insert(track.id, track);
            }
        });
        Ok(found)
    }

    async fn fetch(&self, id: TrackId) -> Result<Arc<Track>, Fault> {
        let track: Track = self.server.json(Request::get(&format!("/tracks/{id}"))).await?;
        self.seen([&track]).await;
        Ok(Arc::new(track))
    }

    fn with_shelf<T>(&self, owner: &str, work: impl FnOnce(&mut Shelf) -> T) -> T {
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        if shelf.owner != owner {
            *shelf = Shelf { owner: owner.to_owned(), ..Shelf::default() };
        }
        work(&mut shelf)
    }
}

/// Stands for a track that cannot be had now, so that its row can be seen and removed.
pub(crate) fn unknown(id: TrackId) -> Track {
    let nobody = domain::ids::ArtistId::from_uuid(id.uuid());
    Track {
        id,
        title: "Unknown track".into(),
        artists: vec![ArtistRef { id: nobody, name: "Not known on this device".into() }],
        release: ReleaseRef { id: ReleaseId::from_uuid(id.uuid()), title: String::new() },
        cover: None,
        disc_number: 1,
        track_number: 0,
        duration_ms: 0,
        genres: Vec::new(),
        date: None,
        isrc: None,
        audio: AudioFacts {
            codec: Codec::Pcm,
            content_type: String::new(),
            sample_rate_hz: 0,
            bits_per_sample: None,
            n_channels: 0,
            bitrate_bps: 0,
            size_bytes: 0,
        },
        loudness: TrackLoudness::default(),
        n_plays: 0,
        is_available: false,
        added_at_us: 0,
    }
}
