//! What the audio engine tells. News about anything but what is loaded or prepared now is late
//! and means nothing.

use domain::{PlayId, queue::Repeat};

use super::{FAILURES_MAX, Loaded, Player, Status};
use crate::{
    EngineNews, Random,
    effect::{Effect, Notice},
    session::Session,
};

/// Why a track that ends without having begun has failed.
const SILENT: &str = "there is no sound in the file";

/// A track that broke off from here on was worth playing.
const HEARD_MS: u64 = 1_000;

/// A position this near to the target of a seek is one from after it.
const SEEK_NEAR_MS: u64 = 1_500;

impl Player {
    pub(super) fn engine_news(
        &mut self,
        now_ms: u64,
        random: Random<'_>,
        news: EngineNews,
        effects: &mut Vec<Effect>,
    ) {
        match news {
            EngineNews::Started { token } => self.started(now_ms, random, token),
            EngineNews::Position { token, position_ms, buffered_ms } => {
                if self.is_loaded(token) {
                    self.buffered_ms = buffered_ms;
                    self.heard(now_ms, position_ms, effects);
                }
            }
            EngineNews::Buffering { token } => self.fares(now_ms, token, Status::Buffering),
            EngineNews::Waiting { token, reason } => {
                self.fares(now_ms, token, Status::Waiting { reason });
            }
            EngineNews::Flowing { token } => self.fares(now_ms, token, Status::Flowing),
            EngineNews::Advanced { from, to } => {
                if self.is_loaded(from) {
                    self.advanced(now_ms, random, to, effects);
                }
            }
            EngineNews::Ended { token } => {
                if self.has_nothing_to_play(token) {
                    self.failed(now_ms, random, SILENT.to_owned(), effects);
                } else if self.is_loaded(token) {
                    self.ended(now_ms, random, effects);
                }
            }
            EngineNews::Failed { token, reason } => {
                if self.is_loaded(token) {
                    self.failed(now_ms, random, reason, effects);
                } else if let Some(lost) = self.prepared.take_if(|p| p.token == token) {
                    self.unpreparable = Some(lost.entry);
                }
            }
            EngineNews::NoDevice { reason } => {
                self.position_ms = self.position_ms(now_ms);
                self.no_device = Some(reason);
            }
            EngineNews::DeviceChanged => {
                self.no_device = None;
                self.position_at_ms = now_ms;
            }
        }
    }

    fn is_loaded(&self, token: u64) -> bool {
        self.loaded.is_some_and(|loaded| loaded.token == token)
    }

    /// What ends at its start without having begun would repeat for ever, in silence. What was
    /// loaded at its end ends at once, and rightly so.
    fn has_nothing_to_play(&self, token: u64) -> bool {
        self.loaded.is_some_and(|loaded| {
            loaded.token == token && !loaded.has_started && loaded.from_ms == 0
        })
    }

    fn started(&mut self, now_ms: u64, random: Random<'_>, token: u64) {
        let Some(loaded) = self.loaded.as_mut().filter(|loaded| loaded.token == token) else {
            return;
        };
        loaded.has_started = true;
        let track = loaded.track;
        self.n_failed = 0;
        self.status = Status::Flowing;
        self.position_at_ms = now_ms;
        self.session.get_or_insert_with(|| {
            Session::new(play_id(now_ms, random), track, now_ms, self.position_ms)
        });
    }

    fn fares(&mut self, now_ms: u64, token: u64, status: Status) {
        if self.is_loaded(token) {
            let position_ms = self.position_ms(now_ms);
            self.set_position(now_ms, position_ms);
            self.status = status;
        }
    }

    fn heard(&mut self, now_ms: u64, position_ms: u64, effects: &mut Vec<Effect>) {
        if let Some((target_ms, until_ms)) = self.seeking {
            if position_ms.abs_diff(target_ms) > SEEK_NEAR_MS && now_ms < until_ms {
                return;
            }
            self.seeking = None;
            if let Some(session) = &mut self.session {
                session.jumped(position_ms);
            }
        }
        self.set_position(now_ms, position_ms);
        let counted = self.session.as_mut().and_then(|session| session.heard(position_ms));
        effects.extend(counted.map(Effect::Record));
    }

    fn advanced(&mut self, now_ms: u64, random: Random<'_>, to: u64, effects: &mut Vec<Effect>) {
        let Some(prepared) = self.prepared.take_if(|prepared| prepared.token == to) else {
            // The engine was quicker than a change of what follows: what is right now is loaded.
            return self.ended(now_ms, random, effects);
        };
        let is_again = self.queue.current().is_some_and(|current| current.id == prepared.entry);
        if !is_again {
            self.step(random);
        }
        if self.queue.current().is_none_or(|current| current.id != prepared.entry) {
            return self.load(now_ms, 0, effects);
        }
        self.end_session(effects);
        self.seeking = None;
        self.buffered_ms = 0;
        self.n_failed = 0;
        self.set_position(now_ms, 0);
        self.status = Status::Flowing;
        self.loaded = Some(Loaded { has_started: true, ..prepared });
        self.session = Some(Session::new(play_id(now_ms, random), prepared.track, now_ms, 0));
    }

    fn ended(&mut self, now_ms: u64, random: Random<'_>, effects: &mut Vec<Effect>) {
        if self.repeat == Repeat::One || self.step(random) {
            self.load(now_ms, 0, effects);
        } else {
            self.finish(now_ms, effects);
        }
    }

    fn failed(
        &mut self,
        now_ms: u64,
        random: Random<'_>,
        reason: String,
        effects: &mut Vec<Effect>,
    ) {
        let Some(loaded) = self.loaded.take() else { return };
        // One that was heard has played as far as it goes: no reason to give up the rest.
        let was_heard = loaded.has_started && self.position_ms >= HEARD_MS;
        self.end_session(effects);
        self.prepared = None;
        self.seeking = None;
        self.n_failed = if was_heard { 0 } else { self.n_failed + 1 };
        self.status = Status::Failed { reason: reason.clone() };
        let is_again = self.repeat == Repeat::One;
        if !self.wants_play || (is_again && !was_heard) {
            self.wants_play = false;
            return;
        }
        let n_entries = self.queue.entries().count();
        let may_go_on = self.n_failed < FAILURES_MAX.min(n_entries);
        if may_go_on && (is_again || self.step(random)) {
            // The first of a row is told at once, the rest in one sentence if none works.
            let is_loop = is_again || n_entries == 1;
            let was_told = self.told_broken.replace(loaded.entry) == Some(loaded.entry);
            if self.n_failed <= 1 && !(is_loop && was_told) {
                let track = loaded.track;
                effects.push(Effect::Notify(Notice::Skipped { track, was_heard, reason }));
            }
            self.load(now_ms, 0, effects);
            return;
        }
        self.wants_play = false;
        let n_failed = u32::try_from(self.n_failed.max(1)).unwrap_or(u32::MAX);
        effects.push(Effect::Notify(Notice::GaveUp { n_failed, was_heard, reason }));
    }
}

fn play_id(now_ms: u64, random: Random<'_>) -> PlayId {
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&random().to_le_bytes());
    bytes[8..].copy_from_slice(&random().to_le_bytes()[..2]);
    PlayId::new(now_ms, bytes)
}
