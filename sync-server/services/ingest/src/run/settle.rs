//! Makes tracks of what the workers found, a batch at a time.
//!
//! Content says which track a file is: that of a file with the same content, which is gone (it
//! moved), or is still there (a copy: a second source of the same track, which stays on the
//! release of the first). A file with a content of its own is the track it was before, by path,
//! unless another file still is that track; else it is a new one ([`Settler::fate`]). A track
//! that lost its path to another is remembered by its content, for when that turns up again.
//!
//! New ids are stored before the catalog hears of them, and files count as here after it did:
//! whenever the process ends, the next run gives the same ids.

use std::{
    collections::{HashMap, HashSet},
    time::{SystemTime, UNIX_EPOCH},
};

use domain::{Cover, TrackId, imported::ImportedTrack};
use examine::{Answer, Report, paths};

use super::{Failure, Found, Run};
use crate::{
    folder,
    scan::Entry,
    store::{Known, RootId, Source, State, look_for},
};

/// Release keys remembered, then asked for anew.
const KEYS_MAX: usize = 4_096;

pub(super) struct Settler<'a> {
    run: &'a Run,
    started_ms: u64,
    /// Of the library's own folder.
    root_name: Vec<u8>,
    /// Release key by folder.
    keys: HashMap<Vec<u8>, String>,
    /// Files that were hashed, and need to be decoded.
    left_over: Vec<Entry>,
}

/// What is known about the files of a batch.
struct Context<'a> {
    root: &'a RootId,
    before: HashMap<Vec<u8>, Known>,
    by_content: HashMap<Vec<u8>, Vec<Source>>,
    /// All files of the tracks that the files of the batch were.
    of_tracks: Vec<Source>,
}

/// Which track a file is.
enum Fate {
    /// As before: it was only touched.
    Same,
    /// Its own by path, with the content it has now.
    Own(TrackId),
    /// That of another file.
    Twin(Box<Source>),
    New,
    /// It has to be decoded before this can be said.
    Unsure,
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
    /// Files that have become another track, as they were.
    given_up: Vec<Known>,
    /// Tracks made of contents in this batch.
    made: HashMap<Vec<u8>, (TrackId, String)>,
    /// With the size of the file.
    outcomes: Vec<(Outcome, u64)>,
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
            started_ms: now_ms(),
            root_name: run
                .directory
                .file_name()
                .map_or_else(Vec::new, |n| paths::to_bytes(n.as_ref())),
            keys: HashMap::new(),
            left_over: Vec::new(),
        }
    }

    /// Files that were only hashed, and have to be decoded.
    pub fn left_over(&mut self) -> Vec<Entry> {
        std::mem::take(&mut self.left_over)
    }

    pub async fn settle(&mut self, batch: Vec<Found>) -> Result<(), Failure> {
        let mut context = self.context(&batch).await?;
        let mut plan = Plan::default();
        for found in batch {
            self.plan(found, &mut context, &mut plan).await?;
        }
        self.carry_out(&mut plan).await?;
        for (outcome, size_bytes) in plan.outcomes {
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

    async fn context(&self, batch: &[Found]) -> Result<Context<'a>, Failure> {
        let store = &self.run.store;
        let entries: Vec<Entry> = batch.iter().map(|found| found.entry.clone()).collect();
        let before = self.run.known(&entries).await?;
        let hashes: Vec<_> = batch.iter().filter_map(|f| content_hash(&f.answer)).collect();
        let mut by_content = HashMap::<_, Vec<_>>::new();
        for source in look_for(store.sources_by_content(&hashes).await?).await {
            by_content.entry(source.known.content_hash.clone()).or_default().push(source);
        }
        let tracks: Vec<TrackId> = before.values().filter_map(|known| known.track).collect();
        let of_tracks = look_for(store.sources_by_track(&tracks).await?).await;
        Ok(Context { root: &self.run.root, before, by_content, of_tracks })
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
            let here = plan.settled.iter().filter(|file| file.state == State::Here);
            let kept: HashSet<TrackId> = here.filter_map(|file| file.track).collect();
            plan.orphaned.retain(|track| !kept.contains(track));
            let paths = plan.settled.iter().map(|file| file.entry.path.clone()).collect();
            let gone = self.run.set_unavailable(std::mem::take(&mut plan.orphaned), &paths).await?;
            plan.given_up.retain(|file| file.track.is_some_and(|track| gone.contains(&track)));
            plan.settled.extend(plan.given_up.drain(..).map(remembered));
        }
        Ok(store.files_put(root, &plan.settled, &plan.gone).await?)
    }

    async fn plan(
        &mut self,
        found: Found,
        context: &mut Context<'_>,
        plan: &mut Plan,
    ) -> Result<(), Failure> {
        let Found { entry, answer, cover } = found;
        let before = context.before.get(&entry.path).cloned();
        let content_hash = content_hash(&answer).unwrap_or_default();
        let report = match answer {
            Answer::Broken { reason, is_passing } => {
                plan.broken(entry, before, reason, is_passing);
                return Ok(());
            }
            Answer::Known { .. } | Answer::Hashed { .. } => None,
            Answer::Read(report) => Some(report),
        };
        let mut file = Known { content_hash, ..Known::new(entry, State::Here) };
        let fate = self.fate(&file, before.as_ref(), report.is_some(), context, plan);
        let is_known_path = before.as_ref().is_some_and(|before| before.track.is_some());
        let outcome: fn(u64) -> Outcome = match fate {
            Fate::Same => {
                plan.touched(file.entry, before);
                return Ok(());
            }
            Fate::Unsure => {
                self.left_over.push(file.entry);
                return Ok(());
            }
            Fate::Own(track) => {
                file.track = Some(track);
                let is_pending = before.as_ref().is_some_and(|b| b.state == State::Pending);
                file.release_key = before.map(|before| before.release_key).unwrap_or_default();
                if is_pending { Outcome::Added } else { Outcome::Changed }
            }
            Fate::Twin(twin) => {
                plan.give_up(before, Some(twin.track));
                plan.take_over(&mut file, *twin, report.is_some(), is_known_path)
            }
            Fate::New => {
                plan.give_up(before, None);
                self.make(&mut file, plan).await?;
                Outcome::Added
            }
        };
        let decoded_ms = report.as_ref().map_or(0, |report| report.duration_ms);
        plan.outcomes.push((outcome(decoded_ms), file.entry.size_bytes));
        if let Some(report) = report {
            self.put(&mut file, *report, cover, context, plan).await?;
        }
        plan.settled.push(file);
        Ok(())
    }

    /// Content first, then the path.
    fn fate(
        &self,
        file: &Known,
        before: Option<&Known>,
        is_decoded: bool,
        context: &mut Context<'_>,
        plan: &Plan,
    ) -> Fate {
        let own = before.and_then(|before| Some((before.track?, before)));
        if let Some((track, before)) = own
            && before.content_hash == file.content_hash
        {
            return match before.state {
                _ if is_decoded => Fate::Own(track),
                State::Here | State::Missing => Fate::Same,
                State::Pending | State::Broken => Fate::Unsure,
            };
        }
        match (context.twin(file, is_decoded), own) {
            (Some(twin), _) if !twin.is_there => Fate::Twin(twin),
            (Some(twin), None) => Fate::Twin(twin),
            // What was there before this run has the older claim; a file with new tags is not
            // the copy of its own copy.
            (Some(twin), Some((track, _)))
                if twin.track == track || !is_decoded && self.is_older(twin.track) =>
            {
                Fate::Twin(twin)
            }
            _ if !is_decoded => Fate::Unsure,
            (_, Some((track, _))) if !context.is_taken(track, file, plan) => Fate::Own(track),
            _ => Fate::New,
        }
    }

    /// Whether a track was made before this run; its id says when (RFC 9562, section 5.7).
    fn is_older(&self, track: TrackId) -> bool {
        ((track.uuid().as_u128() >> 80) as u64) < self.started_ms
    }

    /// A new track, one for each content.
    async fn make(&mut self, file: &mut Known, plan: &mut Plan) -> Result<(), Failure> {
        if let Some((track, key)) = plan.made.get(&file.content_hash) {
            file.track = Some(*track);
            file.release_key.clone_from(key);
            return Ok(());
        }
        let track = TrackId::new(now_ms(), rand::random());
        file.track = Some(track);
        file.release_key = self.release_key(&file.entry.path).await?;
        plan.made.insert(file.content_hash.clone(), (track, file.release_key.clone()));
        plan.pending.push(Known { state: State::Pending, ..file.clone() });
        Ok(())
    }

    /// Has the catalog told what was read in a file.
    async fn put(
        &mut self,
        file: &mut Known,
        report: Report,
        cover: Option<Cover>,
        context: &Context<'_>,
        plan: &mut Plan,
    ) -> Result<(), Failure> {
        if file.release_key.is_empty() {
            file.release_key = self.release_key(&file.entry.path).await?;
        }
        file.content_type.clone_from(&report.audio.content_type);
        file.remark.clone_from(&report.remark);
        if let Some(remark) = &report.remark {
            tracing::info!(path = %paths::shown(&file.entry.path), remark, "imported with a flaw");
        }
        if let Some(track) = file.track
            && !context.is_second_copy(track, file)
        {
            plan.put.push((track, imported(file, report, cover, &self.root_name)));
        }
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

impl Context<'_> {
    /// A file with the same content: one that is gone before one that is there. Each moves once.
    fn twin(&mut self, file: &Known, is_decoded: bool) -> Option<Box<Source>> {
        let twins = self.by_content.get_mut(&file.content_hash)?;
        twins.retain(|twin| !twin.is(self.root, &file.entry.path));
        // Of a pending one the catalog need not have heard.
        let may_be = |twin: &Source| is_decoded || twin.known.state != State::Pending;
        match twins.iter().position(|twin| !twin.is_there && may_be(twin)) {
            Some(idx) => Some(Box::new(twins.remove(idx))),
            None => twins.iter().find(|twin| twin.is_there).cloned().map(Box::new),
        }
    }

    /// Whether another file still is this track, with another content.
    fn is_taken(&self, track: TrackId, file: &Known, plan: &Plan) -> bool {
        let has_other = |other: &Known| other.content_hash != file.content_hash;
        let settled = plan.settled.iter().filter(|other| other.state == State::Here);
        settled.clone().any(|other| other.track == Some(track) && has_other(other))
            || self.others(track, file).any(|other| has_other(&other.known))
    }

    /// Whether a copy that comes before this file tells the catalog what the track is.
    fn is_second_copy(&self, track: TrackId, file: &Known) -> bool {
        self.others(track, file).any(|other| {
            other.known.content_hash == file.content_hash
                && (&other.root.0, &other.known.entry.path) < (&self.root.0, &file.entry.path)
        })
    }

    /// Other files of the track that are there.
    fn others(&self, track: TrackId, file: &Known) -> impl Iterator<Item = &Source> {
        self.of_tracks.iter().filter(move |other| {
            other.track == track && other.is_there && !other.is(self.root, &file.entry.path)
        })
    }
}

impl Plan {
    fn broken(&mut self, entry: Entry, before: Option<Known>, reason: String, is_passing: bool) {
        let (path, size_bytes) = (entry.path.clone(), entry.size_bytes);
        // What may be different in a moment is not remembered: the next run tries again.
        if !is_passing {
            let broken = Known::new(entry, State::Broken);
            self.orphaned.extend(before.as_ref().and_then(|before| before.track));
            // What it was when it was whole, for when that turns up again.
            self.settled.push(Known {
                entry: broken.entry.clone(),
                state: broken.state,
                examiner: broken.examiner,
                remark: Some(reason.clone()),
                ..before.filter(|before| before.track.is_some()).unwrap_or(broken)
            });
        }
        self.outcomes.push((Outcome::Failed { path, reason }, size_bytes));
    }

    /// A file with another time or size, and the same content. What covers stood beside it when
    /// it was read stays with it.
    fn touched(&mut self, entry: Entry, before: Option<Known>) {
        self.outcomes.push((Outcome::Unchanged, entry.size_bytes));
        let Some(before) = before else { return };
        if before.state != State::Here {
            self.available.extend(before.track);
        }
        let entry = Entry { images: before.entry.images, ..entry };
        self.settled.push(Known { entry, state: State::Here, ..before });
    }

    /// The file becomes the track of another one.
    fn take_over(
        &mut self,
        file: &mut Known,
        twin: Source,
        is_decoded: bool,
        is_known_path: bool,
    ) -> fn(u64) -> Outcome {
        file.track = Some(twin.track);
        file.release_key = twin.known.release_key;
        file.content_type = twin.known.content_type;
        file.examiner = twin.known.examiner;
        self.available.push(twin.track);
        if twin.is_there {
            return if is_known_path { Outcome::Changed } else { Outcome::Added };
        }
        if !is_decoded {
            // Other covers may stand beside it here: then the next run looks again.
            file.entry.images = twin.known.entry.images;
        }
        self.gone.push((twin.root, twin.known.entry.path));
        Outcome::Moved
    }

    /// The file stops being the track it was.
    fn give_up(&mut self, before: Option<Known>, now: Option<TrackId>) {
        if let Some(before) = before
            && before.track.is_some()
            && before.track != now
        {
            self.orphaned.extend(before.track);
            if before.state != State::Pending && !before.content_hash.is_empty() {
                self.given_up.push(before);
            }
        }
    }
}

/// A track without a file, known by its content under a name that no file can have.
fn remembered(file: Known) -> Known {
    let path = [b"\0/", file.content_hash.as_slice()].concat();
    Known { entry: Entry { path, ..file.entry }, state: State::Missing, ..file }
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
