//! The player: what the listener wants and what the engine does, brought together.

use domain::{
    TrackId,
    queue::{EntryId, Repeat},
};

use crate::{
    EngineNews, Input, Queue, Random, Refusal, Snapshot,
    effect::Effect,
    queue::{Change, Changes, Entry},
    session::Session,
};

mod engine;
mod listener;

/// Previous restarts the track from here on.
const RESTART_AFTER_MS: u64 = 3_000;

/// So many failures in a row end playing.
const FAILURES_MAX: usize = 20;

/// How long positions from before a seek may still come in.
const SEEK_SETTLES_MS: u64 = 2_000;

/// The engine tells the position four times a second; without news it is not made up further.
const EXTRAPOLATE_MAX_MS: u64 = 1_000;

/// How the current track fares in the engine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Status {
    /// Not loaded; a later resume loads it.
    Idle,
    Loading,
    Flowing,
    Buffering,
    Waiting {
        reason: String,
    },
    Failed {
        reason: String,
    },
}

/// The player at one moment.
#[expect(clippy::struct_excessive_bools, reason = "independent facts, shown independently")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct View {
    pub current: Option<Entry>,
    pub status: Status,
    /// The listener wants sound; the status says whether there is some.
    pub wants_play: bool,
    /// Why nothing can sound at all.
    pub no_device: Option<String>,
    /// The position moves on by itself.
    pub is_running: bool,
    pub position_ms: u64,
    pub buffered_ms: u64,
    pub repeat: Repeat,
    pub is_shuffled: bool,
    pub has_next: bool,
    pub has_previous: bool,
    pub can_undo: bool,
    pub revision: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Loaded {
    token: u64,
    entry: EntryId,
    track: TrackId,
    /// Where it was to begin.
    from_ms: u64,
    has_started: bool,
}

/// See the crate's text.
#[derive(Debug)]
pub struct Player {
    queue: Queue,
    repeat: Repeat,
    changes: Changes,
    /// Counts changes of the queue.
    revision: u64,
    wants_play: bool,
    status: Status,
    no_device: Option<String>,
    loaded: Option<Loaded>,
    prepared: Option<Loaded>,
    /// Could not be prepared; tried again only when its turn comes.
    unpreparable: Option<EntryId>,
    /// The last that was told to be broken: where it repeats, once is enough.
    told_broken: Option<EntryId>,
    position_ms: u64,
    position_at_ms: u64,
    buffered_ms: u64,
    /// Target of a seek that the engine has not confirmed, and until when it may.
    seeking: Option<(u64, u64)>,
    session: Option<Session>,
    next_token: u64,
    n_failed: usize,
}

impl Default for Player {
    fn default() -> Self {
        Self::restore(&Snapshot::default())
    }
}

impl Player {
    /// Goes on from a snapshot, paused. Whatever is unsound in it is left out.
    pub fn restore(snapshot: &Snapshot) -> Self {
        let queue = Queue::restore(snapshot);
        let position_ms = if queue.current().is_some() { snapshot.position_ms } else { 0 };
        Self {
            queue,
            repeat: snapshot.repeat,
            changes: Changes::default(),
            revision: 0,
            wants_play: false,
            status: Status::Idle,
            no_device: None,
            loaded: None,
            prepared: None,
            unpreparable: None,
            told_broken: None,
            position_ms,
            position_at_ms: 0,
            buffered_ms: 0,
            seeking: None,
            session: None,
            next_token: 1,
            n_failed: 0,
        }
    }

    /// Another queue on the same engine: news about what this player loaded means nothing to it.
    pub fn succeeded_by(&self, snapshot: &Snapshot) -> Self {
        Self {
            next_token: self.next_token,
            no_device: self.no_device.clone(),
            ..Self::restore(snapshot)
        }
    }

    /// All that has to outlive a restart.
    pub fn snapshot(&self, now_ms: u64) -> Snapshot {
        Snapshot {
            context: self.queue.context.clone(),
            past: self.queue.past.clone(),
            current: self.queue.current,
            front: self.queue.front.iter().copied().collect(),
            rest: self.queue.rest.iter().copied().collect(),
            natural: self.queue.natural.clone(),
            next_round: self.queue.next_round,
            next_entry: self.queue.next_entry,
            repeat: self.repeat,
            position_ms: self.position_ms(now_ms),
        }
    }

    pub fn queue(&self) -> &Queue {
        &self.queue
    }

    /// Takes an input; the effects are to be carried out in their order. `now_ms` counts from 1970.
    pub fn handle(&mut self, now_ms: u64, random: Random<'_>, input: Input) -> Vec<Effect> {
        let mut effects = Vec::new();
        let revision = self.revision;
        let is_position = matches!(input, Input::Engine(EngineNews::Position { .. }));
        let done = match input {
            Input::Engine(news) => {
                self.engine_news(now_ms, random, news, &mut effects);
                Ok(())
            }
            wish => self.listener_wish(now_ms, random, wish, &mut effects),
        };
        if let Err(refusal) = done {
            effects.push(Effect::Refuse(refusal));
            return effects;
        }
        if is_position {
            return effects;
        }
        self.sync_prepared(random, &mut effects);
        if self.revision != revision {
            effects.push(Effect::QueueChanged { revision: self.revision });
        }
        effects.push(Effect::PlayerChanged);
        effects
    }

    pub fn view(&self, now_ms: u64) -> View {
        let current = self.queue.current();
        View {
            current,
            status: self.status.clone(),
            wants_play: self.wants_play,
            no_device: self.no_device.clone(),
            is_running: self.is_running(),
            position_ms: self.position_ms(now_ms),
            buffered_ms: self.buffered_ms,
            repeat: self.repeat,
            is_shuffled: self.queue.is_shuffled(),
            has_next: self.queue.n_upcoming() > 0
                || (self.repeat == Repeat::All && current.is_some()),
            has_previous: current.is_some(),
            can_undo: !self.changes.is_empty(),
            revision: self.revision,
        }
    }

    fn is_running(&self) -> bool {
        self.wants_play
            && self.status == Status::Flowing
            && self.no_device.is_none()
            && self.seeking.is_none()
    }

    fn position_ms(&self, now_ms: u64) -> u64 {
        if self.is_running() {
            let since_ms = now_ms.saturating_sub(self.position_at_ms);
            self.position_ms + since_ms.min(EXTRAPOLATE_MAX_MS)
        } else {
            self.position_ms
        }
    }

    fn set_position(&mut self, now_ms: u64, position_ms: u64) {
        self.position_ms = position_ms;
        self.position_at_ms = now_ms;
    }

    fn touch_queue(&mut self) {
        self.revision += 1;
        self.unpreparable = None;
    }

    /// Remembers the queue as it is, for undo.
    fn remember(&mut self, playing: Option<(u64, bool)>) {
        self.changes.push(Change { before: self.queue.clone(), playing });
    }

    fn mint_token(&mut self) -> u64 {
        let token = self.next_token;
        self.next_token += 1;
        token
    }

    /// Hands the current entry to the engine; nothing current unloads.
    fn load(&mut self, now_ms: u64, position_ms: u64, effects: &mut Vec<Effect>) {
        self.end_session(effects);
        self.seeking = None;
        self.buffered_ms = 0;
        let prepared = self.prepared.take();
        let Some(current) = self.queue.current() else {
            self.set_position(now_ms, 0);
            self.wants_play = false;
            self.unload(effects);
            return;
        };
        let token = match prepared {
            Some(prepared) if prepared.entry == current.id && position_ms == 0 => prepared.token,
            _ => self.mint_token(),
        };
        self.set_position(now_ms, position_ms);
        self.status = Status::Loading;
        let (entry, track) = (current.id, current.track);
        self.loaded =
            Some(Loaded { token, entry, track, from_ms: position_ms, has_started: false });
        effects.push(Effect::Load {
            token,
            track: current.track,
            position_ms,
            is_playing: self.wants_play,
        });
    }

    fn unload(&mut self, effects: &mut Vec<Effect>) {
        self.end_session(effects);
        self.seeking = None;
        self.buffered_ms = 0;
        self.prepared = None;
        self.status = Status::Idle;
        if self.loaded.take().is_some() {
            effects.push(Effect::Stop);
        }
    }

    fn end_session(&mut self, effects: &mut Vec<Effect>) {
        effects.extend(self.session.take().and_then(Session::over).map(Effect::Record));
    }

    /// The next entry becomes current, beginning a new round where everything repeats. False at
    /// the end.
    fn step(&mut self, random: Random<'_>) -> bool {
        let stepped =
            self.queue.advance() || (self.repeat == Repeat::All && self.queue.wrap(random));
        if stepped {
            self.touch_queue();
        }
        stepped
    }

    /// Stops at the end: the last track stays, at its beginning.
    fn finish(&mut self, now_ms: u64, effects: &mut Vec<Effect>) {
        self.wants_play = false;
        self.unload(effects);
        self.set_position(now_ms, 0);
    }

    /// Has the engine know what follows, from the moment the current track sounds: until then the
    /// line is its alone.
    fn sync_prepared(&mut self, random: Random<'_>, effects: &mut Vec<Effect>) {
        if !self.loaded.is_some_and(|loaded| loaded.has_started) {
            return;
        }
        let next = self.next_by_itself(random).filter(|next| Some(next.id) != self.unpreparable);
        let is_known = self.prepared.map(|prepared| prepared.entry) == next.map(|next| next.id);
        if is_known {
            return;
        }
        if let Some(next) = next {
            let token = self.mint_token();
            let (entry, track) = (next.id, next.track);
            self.prepared = Some(Loaded { token, entry, track, from_ms: 0, has_started: false });
            effects.push(Effect::Prepare { token, track });
        } else {
            self.prepared = None;
            effects.push(Effect::Unprepare);
        }
    }

    fn next_by_itself(&mut self, random: Random<'_>) -> Option<Entry> {
        if self.repeat == Repeat::One {
            return self.queue.current();
        }
        if let Some(next) = self.queue.peek() {
            return Some(next);
        }
        if self.repeat == Repeat::Off {
            return None;
        }
        let first = self.queue.first_of_next_round(random)?;
        self.queue.entries().find(|entry| entry.id == first).copied()
    }
}

/// What a listener's wish comes to.
type Done = Result<(), Refusal>;
