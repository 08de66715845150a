//! Makes tracks of what the workers found, a batch at a time.
//!
//! A file is the track it was before, by path; else the track of a file with the same content:
//! of one that is gone (it moved), or of one that is still there (a copy: a second source of the
//! same track, which stays on the release of the first); else a new track. New ids are stored
//! before the catalog hears of them, and files count as here after it did: whenever the process
//! ends, the next run gives the same ids.

use std::{
    collections::{HashMap, HashSet},
    time::{SystemTime, UNIX_EPOCH},
};

use domain::{Cover, TrackId, imported::ImportedTrack};
use examine::{Answer, Report, paths};

use super::{Failure, Found, Run};
use crate::{
    covers::CoverFinder,
    folder, scan,
    store::{Known, RootId, State, Twin},
};

/// Release keys remembered, then asked for anew.
const KEYS_MAX: usize = 4_096;

pub(super) struct Settler<'a> {
    run: &'a Run,
    covers: CoverFinder,
    /// Of the library's own folder.
    root_name: Vec<u8>,
    /// Release key by folder.
    keys: HashMap<Vec<u8>, String>,
}

/// What happens to a batch.
#[derive(Default)]
struct Plan {
    /// Files with new tracks, to be stored before the catalog is told.
    pending: Vec<Known>,
    /// Every file of the batch, as it is to be in the end.
    settled: Vec<Known>,
    /// Rows of files that moved away.
    gone: Vec<(RootId, Vec<u8>)>,
    put: Vec<(TrackId, ImportedTrack)>,
    available: Vec<TrackId>,
    /// Tracks whose file is broken, or has become another track.
    orphaned: Vec<TrackId>,
    /// Tracks made of contents in this batch.
    made: HashMap<Vec<u8>, (TrackId, String)>,
    outcomes: Vec<Outcome>,
}

/// With how many milliseconds of sound were decoded for it.
enum Outcome {
    Added(u64),
    Changed(u64),
    Moved(u64),
    Unchanged,
    Failed { path: Vec<u8>, reason: String },
}

impl<'a> Settler<'a> {
    pub fn new(run: &'a Run) -> Self {
        Self {
            run,
            root_name: run
                .directory
                .file_name()
                .map_or_else(Vec::new, |n| paths::to_bytes(n.as_ref())),
            covers: CoverFinder::new(run.peers.covers.clone(), run.directory.clone()),
            keys: HashMap::new(),
        }
    }

    pub async fn settle(&mut self, batch: Vec<Found>) -> Result<(), Failure> {
        let sizes: Vec<u64> = batch.iter().map(|found| found.entry.size_bytes).collect();
        let hashes: Vec<Vec<u8>> =
            batch.iter().filter_map(|found| content_hash(&found.examined.answer)).collect();
        let hashes: Vec<&[u8]> = hashes.iter().map(Vec::as_slice).collect();
        let mut twins = self.run.store.twins(&hashes).await?;
        let mut plan = Plan::default();
        for found in batch {
            self.plan(found, &mut twins, &mut plan).await?;
        }
        self.carry_out(&mut plan).await?;
        for (outcome, size_bytes) in plan.outcomes.into_iter().zip(sizes) {
            let progress = &self.run.progress;
            match outcome {
                Outcome::Added(decoded_ms) => progress.added(decoded_ms),
                Outcome::Changed(decoded_ms) => progress.changed(decoded_ms),
                Outcome::Moved(decoded_ms) => progress.moved(decoded_ms),
                Outcome::Unchanged => progress.unchanged(),
                Outcome::Failed { path, reason } => progress.failed(&path, reason),
            }
            progress.examined(size_bytes);
        }
        Ok(())
    }

    async fn carry_out(&self, plan: &mut Plan) -> Result<(), Failure> {
        let (root, store, catalog) = (&self.run.root, &self.run.store, &self.run.peers.catalog);
        store.files_put(root, &plan.pending, &[]).await?;
        if !plan.put.is_empty() {
            catalog.tracks_put(std::mem::take(&mut plan.put)).await?;
        }
        if !plan.available.is_empty() {
            catalog.tracks_set_available(&plan.available, true).await?;
        }
        if !plan.orphaned.is_empty() {
            let paths: HashSet<Vec<u8>> =
                plan.settled.iter().map(|file| file.entry.path.clone()).collect();
            let kept: HashSet<TrackId> = plan
                .settled
                .iter()
                .filter(|file| file.state == State::Here)
                .filter_map(|file| file.track)
                .collect();
            plan.orphaned.retain(|track| !kept.contains(track));
            self.run.set_unavailable(std::mem::take(&mut plan.orphaned), &paths).await?;
        }
        Ok(store.files_put(root, &plan.settled, &plan.gone).await?)
    }

    async fn plan(
        &mut self,
        found: Found,
        twins: &mut HashMap<Vec<u8>, Vec<Twin>>,
        plan: &mut Plan,
    ) -> Result<(), Failure> {
        let Found { entry, before, examined } = found;
        let (hash, report) = match examined.answer {
            Answer::Broken { reason, is_passing } => {
                plan.broken(entry, before, reason, is_passing);
                return Ok(());
            }
            Answer::Known { content_hash } | Answer::Hashed { content_hash } => {
                (paths::unhex(&content_hash).unwrap_or_default(), None)
            }
            Answer::Read(report) => {
                (paths::unhex(&report.content_hash).unwrap_or_default(), Some(report))
            }
        };
        // Touched, but the same.
        if let Some(before) = &before
            && before.content_hash == hash
            && report.is_none()
        {
            if before.state != State::Here {
                plan.available.extend(before.track);
            }
            plan.settled.push(Known { entry, state: State::Here, ..before.clone() });
            plan.outcomes.push(Outcome::Unchanged);
            return Ok(());
        }
        let mut file = Known { content_hash: hash.clone(), ..Known::new(entry, State::Here) };
        let own = before.as_ref().and_then(|before| before.track.map(|track| (track, before)));
        let twin =
            twins.get_mut(&hash).and_then(|twins| pick(twins, &file.entry.path, &self.run.root));
        let outcome: fn(u64) -> Outcome = match (own, report.is_some(), twin) {
            // Its own track, with another content.
            (Some((track, before)), true, _) => {
                file.track = Some(track);
                file.release_key.clone_from(&before.release_key);
                if before.state == State::Pending { Outcome::Added } else { Outcome::Changed }
            }
            // The track of another file.
            (own, _, Some((twin, is_gone))) => {
                file.track = Some(twin.track);
                file.release_key.clone_from(&twin.release_key);
                file.content_type.clone_from(&twin.content_type);
                plan.available.push(twin.track);
                plan.orphaned.extend(own.map(|(track, _)| track));
                if is_gone {
                    plan.gone.push((twin.root.clone(), twin.path.clone()));
                    Outcome::Moved
                } else {
                    Outcome::Added
                }
            }
            (_, false, None) => {
                let reason = "it changed while it was looked at; import again".to_owned();
                plan.outcomes.push(Outcome::Failed { path: file.entry.path, reason });
                return Ok(());
            }
            (None, true, None) => {
                if let Some((track, key)) = plan.made.get(&hash) {
                    file.track = Some(*track);
                    file.release_key.clone_from(key);
                } else {
                    let track = TrackId::new(now_ms(), rand::random());
                    file.track = Some(track);
                    file.release_key = self.release_key(&file.entry.path).await?;
                    plan.made.insert(hash, (track, file.release_key.clone()));
                    plan.pending.push(Known { state: State::Pending, ..file.clone() });
                }
                Outcome::Added
            }
        };
        let Some(report) = report else {
            plan.outcomes.push(outcome(0));
            plan.settled.push(file);
            return Ok(());
        };
        if file.release_key.is_empty() {
            file.release_key = self.release_key(&file.entry.path).await?;
        }
        file.content_type.clone_from(&report.audio.content_type);
        file.remark.clone_from(&report.remark);
        if let Some(remark) = &report.remark {
            tracing::info!(path = %paths::shown(&file.entry.path), remark, "imported with a flaw");
        }
        let cover = self.covers.cover(&file.entry.path, examined.cover).await?;
        plan.outcomes.push(outcome(report.duration_ms));
        if let Some(track) = file.track {
            plan.put.push((track, imported(&file, *report, cover, &self.root_name)));
        }
        plan.settled.push(file);
        Ok(())
    }

    /// The key that files of the folder went under before, else one of its own.
    async fn release_key(&mut self, path: &[u8]) -> Result<String, Failure> {
        let folder = folder::release_folder(path);
        if let Some(key) = self.keys.get(folder) {
            return Ok(key.clone());
        }
        let root = &self.run.root;
        let key = match self.run.store.release_key(root, folder).await? {
            Some(key) => key,
            None => format!("{}/{}", root.0, paths::shown(folder)),
        };
        if self.keys.len() >= KEYS_MAX {
            self.keys.clear();
        }
        self.keys.insert(folder.to_vec(), key.clone());
        Ok(key)
    }
}

impl Plan {
    fn broken(
        &mut self,
        entry: scan::Entry,
        before: Option<Known>,
        reason: String,
        is_passing: bool,
    ) {
        let path = entry.path.clone();
        // What may be different in a moment is not remembered: the next run tries again.
        if !is_passing {
            let track = before.as_ref().and_then(|before| before.track);
            self.orphaned.extend(track);
            self.settled.push(Known {
                track,
                release_key: before.map(|before| before.release_key).unwrap_or_default(),
                remark: Some(reason.clone()),
                ..Known::new(entry, State::Broken)
            });
        }
        self.outcomes.push(Outcome::Failed { path, reason });
    }
}

/// The file to take the track of, and whether it is gone: one that moved away before one that
/// is still there. Each moves once.
fn pick(twins: &mut Vec<Twin>, path: &[u8], root: &RootId) -> Option<(Twin, bool)> {
    twins.retain(|twin| twin.root != *root || twin.path != path);
    let gone = twins.iter().position(|twin| scan::look(&twin.absolute).is_none());
    match gone {
        Some(idx) => Some((twins.remove(idx), true)),
        None => twins.first().cloned().map(|twin| (twin, false)),
    }
}

fn content_hash(answer: &Answer) -> Option<Vec<u8>> {
    match answer {
        Answer::Known { content_hash } | Answer::Hashed { content_hash } => {
            paths::unhex(content_hash)
        }
        Answer::Read(report) => paths::unhex(&report.content_hash),
        Answer::Broken { .. } => None,
    }
}

/// Tags first, then what the file's place and name tell.
fn imported(file: &Known, report: Report, cover: Option<Cover>, root_name: &[u8]) -> ImportedTrack {
    let path = &file.entry.path;
    let named = folder::named(path);
    let tags = report.tags;
    // `Album (Disc 2)` is how discs were told apart where there was no tag for it.
    let (release_title, titled_disc) = match tags.release_title {
        Some(title) => match folder::disc_suffix(&title) {
            Some((album, disc)) => (Some(album.to_owned()), Some(disc)),
            None => (Some(title), None),
        },
        // What nobody is named for was put together by who put it into one folder; a track that
        // names its artist and no release stays on its own.
        None if tags.artists.is_empty() && tags.album_artists.is_empty() => {
            (folder::release_title(path, root_name), None)
        }
        None => (None, None),
    };
    // Where each disc is tagged as a release of its own, each is the first of one.
    let disc = match tags.disc_number {
        Some(1) | None => titled_disc.or(tags.disc_number),
        tagged => tagged,
    };
    ImportedTrack {
        title: tags.title.unwrap_or(named.title),
        artists: tags.artists,
        album_artists: tags.album_artists,
        release_title,
        is_compilation: tags.is_compilation,
        disc_number: disc.or_else(|| folder::disc_of(path)).or(named.disc_number).unwrap_or(1),
        track_number: tags.track_number.or(named.track_number).unwrap_or(0),
        date: tags.date,
        genres: tags.genres,
        isrc: tags.isrc,
        musicbrainz_recording_id: tags.musicbrainz_recording_id,
        musicbrainz_release_id: tags.musicbrainz_release_id,
        release_folder: file.release_key.clone(),
        cover,
        duration_ms: report.duration_ms,
        audio: report.audio,
        loudness: report.loudness,
        loudness_blocks: report.loudness_blocks,
    }
}

fn now_ms() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX)
}
