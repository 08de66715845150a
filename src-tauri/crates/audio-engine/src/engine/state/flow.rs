//! Keeping the sound flowing: decks into the ring, and what is heard of it.

use std::time::{Duration, Instant};

use super::State;
use crate::{
    Event, PlayToken,
    deck::{End, Take},
};

/// How often positions are told.
const POSITION_EVERY: Duration = Duration::from_millis(250);
/// A break shorter than this is not worth telling.
const BLINK: Duration = Duration::from_millis(150);
/// After a break, sound goes on when this share of the ring's usual filling is there.
const REFILL_MS: u64 = 180;

/// How the sound flows.
#[derive(Debug, Default)]
pub struct Flow {
    /// Nothing more comes from the decks.
    end: Option<End>,
    starved_since: Option<Instant>,
    /// What was told about it.
    told: Option<Told>,
    /// Sound broke off: the ring is held until there is enough to go on.
    is_refilling: bool,
    /// When the last sample left the ring.
    drained_since: Option<Instant>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Told {
    Buffering,
    Waiting(String),
}

impl State {
    /// Moves sound from the decks into the ring, as far as there is some and there is room.
    pub(super) fn feed(&mut self) {
        let Some(line) = &mut self.line else { return };
        loop {
            if line.feed.is_hungry() {
                let Some(deck) = self.decks.back() else { return };
                match deck.take() {
                    Take::Chunk(chunk) => {
                        self.flow.end = None;
                        line.feed.push(deck.item().token, deck.item().gain_db, &chunk);
                        continue;
                    }
                    Take::Nothing => return,
                    Take::End(end) => {
                        if end == End::Whole
                            && let Some(next) = self.next.take()
                        {
                            self.decks.push_back(next);
                            // Prepared at the last moment: it was over, and is not any more.
                            self.flow.end = None;
                            continue;
                        }
                        if self.flow.end.is_some() {
                            return;
                        }
                        self.flow.end = Some(end);
                        line.feed.finish();
                    }
                }
            }
            if !line.feed.pour(&line.ring) && !line.feed.is_hungry() {
                return;
            }
        }
    }

    /// Tells what is heard: starts, advances, positions, ends.
    pub(super) fn follow(&mut self) {
        let Some(line) = &mut self.line else { return };
        let read = line.ring.read();
        let frame = if self.wants_play { read.saturating_sub(line.latency) } else { read };
        let heard = line.feed.heard_at(frame);
        let has_begun = line.feed.has_begun(read);
        let is_dry = line.feed.is_hungry() && line.ring.queued() == 0;
        let latency = Duration::from_secs_f64(
            line.latency as f64 / f64::from(line.ring.format().sample_rate.max(1)),
        );

        if let Some((token, _)) = heard
            && has_begun
        {
            self.is_at_target = true;
            while self.decks.len() > 1
                && let Some(front) = self.decks.front().map(|deck| deck.item().token)
                && front != token
            {
                self.decks.pop_front();
                let to = self.decks.front().map_or(token, |deck| deck.item().token);
                self.emit(Event::Advanced { from: front, to });
                self.told_position = None;
            }
            if !self.is_started {
                self.is_started = true;
                self.emit(Event::Started { token });
            }
        }
        if let (true, Some(end)) = (is_dry, self.flow.end.clone()) {
            let since = *self.flow.drained_since.get_or_insert_with(Instant::now);
            if end != End::Whole || since.elapsed() >= latency {
                self.end(end);
            }
        } else {
            self.flow.drained_since = None;
            self.tell_position_in_turn();
        }
    }

    fn end(&mut self, end: End) {
        let Some(token) = self.decks.back().map(|deck| deck.item().token) else { return };
        while self.decks.len() > 1
            && let Some(from) = self.decks.pop_front()
            && let Some(to) = self.decks.front()
        {
            let event = Event::Advanced { from: from.item().token, to: to.item().token };
            self.emit(event);
        }
        let next = self.next.take();
        self.unload();
        // The next item stays open: it is probably loaded at once.
        self.next = next;
        self.emit(match end {
            End::Whole => Event::Ended { token },
            End::Failed(reason) => Event::Failed { token, reason },
        });
    }

    /// Notices when sound fails to come and when it is back, and holds the ring meanwhile.
    pub(super) fn watch_flow(&mut self) {
        let Some(line) = &self.line else { return };
        let Some(deck) = self.decks.back() else { return };
        let queued_ms =
            line.ring.queued() * 1000 / u64::from(line.ring.format().sample_rate.max(1));
        let is_starved = self.wants_play
            && line.is_live
            && self.flow.end.is_none()
            && line.feed.is_hungry()
            && queued_ms == 0;
        let token = deck.item().token;
        if is_starved {
            let since = *self.flow.starved_since.get_or_insert_with(Instant::now);
            // A first start plays as soon as it can; a break waits for some reserve.
            if self.is_at_target && !line.is_patient {
                self.flow.is_refilling = true;
            }
            let tell = match deck.problem() {
                Some(reason) => Some(Told::Waiting(reason)),
                None if since.elapsed() < BLINK => None,
                None => Some(Told::Buffering),
            };
            if let Some(tell) = tell
                && self.flow.told.as_ref() != Some(&tell)
                // Between two tries the problem is the same one.
                && !(tell == Told::Buffering && self.flow.told.is_some())
            {
                self.flow.told = Some(tell.clone());
                self.emit(match tell {
                    Told::Buffering => Event::Buffering { token },
                    Told::Waiting(reason) => Event::Waiting { token, reason },
                });
            }
        } else if self.wants_play {
            let is_enough = queued_ms >= REFILL_MS || self.flow.end.is_some();
            if is_enough || !self.flow.is_refilling {
                self.flow.is_refilling = false;
                self.flow.starved_since = None;
                if self.flow.told.take().is_some() {
                    tracing::info!(starved_frames = line.ring.starved(), "sound is back");
                    self.emit(Event::Flowing { token });
                }
            }
        }
        if let Some(line) = &self.line {
            line.ring.set_open(self.wants_play && !self.flow.is_refilling);
        }
    }

    /// Position of what is heard, in its item.
    pub(super) fn position_ms(&mut self) -> u64 {
        let is_at_target = self.is_at_target;
        let wants_play = self.wants_play;
        let heard = self.line.as_mut().filter(|_| is_at_target).and_then(|line| {
            let latency = if wants_play { line.latency } else { 0 };
            line.feed.heard_at(line.ring.read().saturating_sub(latency))
        });
        heard.map_or(self.target_ms, |(_, position_ms)| position_ms as u64)
    }

    fn tell_position_in_turn(&mut self) {
        let is_due = self.told_position.is_none_or(|told| told.elapsed() >= POSITION_EVERY);
        if !is_due || !self.is_at_target || !self.wants_play {
            return;
        }
        let position_ms = self.position_ms();
        if let Some(token) = self.decks.front().map(|deck| deck.item().token) {
            self.tell_position(token, position_ms);
        }
    }

    pub(super) fn tell_position(&mut self, token: PlayToken, position_ms: u64) {
        let buffered_ms = self.decks.front().map_or(0, crate::deck::Deck::buffered_ms);
        self.told_position = Some(Instant::now());
        self.emit(Event::Position { token, position_ms, buffered_ms });
    }
}
