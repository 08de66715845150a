//! What the listener does.

use domain::{TrackId, queue::Context};

use super::{Done, Player, RESTART_AFTER_MS, SEEK_SETTLES_MS, Status};
use crate::{
    Input, Random, Refusal,
    effect::Effect,
    queue::{QUEUE_MAX, below},
};

impl Player {
    pub(super) fn listener_wish(
        &mut self,
        now_ms: u64,
        random: Random<'_>,
        wish: Input,
        effects: &mut Vec<Effect>,
    ) -> Done {
        match wish {
            Input::PlayFrom { context, tracks, start, is_shuffled } => {
                let start = match start {
                    Some(start) => start,
                    None if is_shuffled && !tracks.is_empty() => below(tracks.len(), random),
                    None => 0,
                };
                self.play_from(now_ms, context, &tracks, start)?;
                if is_shuffled {
                    self.queue.shuffle(random);
                }
                self.load(now_ms, 0, effects);
            }
            Input::Extend { lot, tracks } => self.extend(random, lot, &tracks)?,
            Input::Toggle if self.wants_play => self.pause(now_ms, effects),
            Input::Toggle | Input::Resume => self.resume(now_ms, random, effects),
            Input::Pause => self.pause(now_ms, effects),
            Input::Preload => {
                if self.loaded.is_none() && self.queue.current().is_some() {
                    self.load(now_ms, self.position_ms, effects);
                }
            }
            Input::Next => self.next(now_ms, random, effects),
            Input::Previous => self.previous(now_ms, effects),
            Input::Seek { position_ms } => self.seek(now_ms, position_ms, effects),
            Input::SetShuffle { is_shuffled } => {
                if is_shuffled {
                    self.queue.shuffle(random);
                } else {
                    self.queue.unshuffle();
                }
                self.touch_queue();
            }
            Input::SetRepeat { repeat } => self.repeat = repeat,
            Input::Add { tracks, placement } => {
                let before = self.queue.clone();
                self.queue.add(&tracks, placement)?;
                self.changed(before, None);
            }
            Input::Jump { entry } => {
                self.queue.jump(entry)?;
                self.touch_queue();
                self.wants_play = true;
                self.n_failed = 0;
                self.load(now_ms, 0, effects);
            }
            Input::Remove { entries } => self.remove(now_ms, random, &entries, effects)?,
            Input::Move { entry, before } => {
                let queue = self.queue.clone();
                self.queue.move_before(entry, before)?;
                self.changed(queue, None);
            }
            Input::Clear => {
                if self.queue.n_upcoming() > 0 {
                    self.remember(None);
                    self.queue.clear();
                    self.touch_queue();
                }
            }
            Input::Undo => self.undo(now_ms, random, effects)?,
            Input::Unload => {
                let position_ms = self.position_ms(now_ms);
                self.wants_play = false;
                self.unload(effects);
                self.set_position(now_ms, position_ms);
            }
            // Handled by the caller, which tells the two kinds of input apart.
            Input::Engine(_) => {}
        }
        Ok(())
    }

    fn play_from(
        &mut self,
        now_ms: u64,
        context: Context,
        tracks: &[TrackId],
        start: usize,
    ) -> Done {
        if tracks.is_empty() {
            return Err(Refusal::NoTracks);
        }
        if tracks.len() > QUEUE_MAX {
            return Err(Refusal::QueueFull);
        }
        let start = if start < tracks.len() { start } else { 0 };
        self.remember(Some((self.position_ms(now_ms), self.wants_play)));
        self.queue.replace(context, tracks, start);
        self.touch_queue();
        self.wants_play = true;
        self.n_failed = 0;
        Ok(())
    }

    /// Also where the context would come back by an undo.
    fn extend(&mut self, random: Random<'_>, lot: u64, tracks: &[TrackId]) -> Done {
        let is_wanted = self.queue.lot() == lot || self.changes.has_lot(lot);
        if !is_wanted {
            return Err(Refusal::UnknownContext);
        }
        let entries = self.queue.mint_context(tracks);
        if self.queue.lot() == lot {
            self.queue.extend(&entries, random);
            self.touch_queue();
        }
        self.changes.extend(lot, &entries, random);
        Ok(())
    }

    fn pause(&mut self, now_ms: u64, effects: &mut Vec<Effect>) {
        if !self.wants_play {
            return;
        }
        let position_ms = self.position_ms(now_ms);
        self.wants_play = false;
        self.set_position(now_ms, position_ms);
        if self.loaded.is_some() {
            effects.push(Effect::Pause);
        }
    }

    fn resume(&mut self, now_ms: u64, random: Random<'_>, effects: &mut Vec<Effect>) {
        if self.queue.current().is_none() && !self.step(random) {
            return;
        }
        let was_wanted = std::mem::replace(&mut self.wants_play, true);
        if self.loaded.is_none() {
            self.n_failed = 0;
            self.load(now_ms, self.position_ms, effects);
        } else if !was_wanted {
            self.position_at_ms = now_ms;
            effects.push(Effect::Resume);
        }
    }

    /// A player that is paused stays so (as MPRIS asks of `Next` and `Previous`).
    fn next(&mut self, now_ms: u64, random: Random<'_>, effects: &mut Vec<Effect>) {
        self.n_failed = 0;
        if self.step(random) {
            self.load(now_ms, 0, effects);
        } else if self.queue.current().is_some() {
            self.finish(now_ms, effects);
        }
    }

    fn previous(&mut self, now_ms: u64, effects: &mut Vec<Effect>) {
        self.n_failed = 0;
        if self.position_ms(now_ms) <= RESTART_AFTER_MS && self.queue.back() {
            self.touch_queue();
            self.load(now_ms, 0, effects);
        } else {
            self.seek(now_ms, 0, effects);
        }
    }

    fn seek(&mut self, now_ms: u64, position_ms: u64, effects: &mut Vec<Effect>) {
        if self.queue.current().is_none() {
            return;
        }
        self.set_position(now_ms, position_ms);
        if let Some(loaded) = &mut self.loaded {
            loaded.from_ms = position_ms;
            if let Some(session) = &mut self.session {
                session.jumped(position_ms);
            }
            self.seeking = Some((position_ms, now_ms + SEEK_SETTLES_MS));
            effects.push(Effect::Seek { position_ms });
        }
    }

    fn remove(
        &mut self,
        now_ms: u64,
        random: Random<'_>,
        entries: &[domain::queue::EntryId],
        effects: &mut Vec<Effect>,
    ) -> Done {
        let before = self.queue.clone();
        let playing = (self.position_ms(now_ms), self.wants_play);
        if self.queue.remove(entries)? {
            self.changed(before, Some(playing));
            // What comes takes the place of what was removed; with nothing left, `load` unloads.
            self.step(random);
            self.load(now_ms, 0, effects);
        } else {
            self.changed(before, None);
        }
        Ok(())
    }

    fn undo(&mut self, now_ms: u64, random: Random<'_>, effects: &mut Vec<Effect>) -> Done {
        let change = self.changes.pop().ok_or(Refusal::NothingToUndo)?;
        if let Some((position_ms, was_playing)) = change.playing {
            let next_entry = self.queue.next_entry;
            self.queue = change.before;
            self.queue.next_entry = next_entry;
            self.wants_play = was_playing;
            self.n_failed = 0;
            self.load(now_ms, position_ms, effects);
        } else {
            self.queue.rewind(change.before, random);
        }
        self.touch_queue();
        Ok(())
    }

    fn changed(&mut self, before: crate::Queue, playing: Option<(u64, bool)>) {
        self.changes.push(crate::queue::Change { before, playing });
        self.touch_queue();
    }

    /// Whether the current track has failed and waits for the listener.
    pub fn has_failed(&self) -> bool {
        matches!(self.status, Status::Failed { .. })
    }
}
