//! The order of play.
//!
//! One line of entries in four parts: `past`, `current`, `front` (added by hand) and `rest` (what
//! remains of the context). Next takes from `front`, then from `rest`; previous takes from `past`.
//! Every verb keeps every entry exactly once and takes time linear in the queue at worst.

use std::collections::{HashSet, VecDeque};

use domain::{
    TrackId,
    queue::{Context, EntryId},
};
use serde::{Deserialize, Serialize};

use crate::{Placement, Random, Refusal, Snapshot};

mod extend;
mod shuffle;
mod undo;

pub(crate) use shuffle::below;
pub(crate) use undo::{Change, Changes};

/// Most entries that may come, and most that are remembered as past.
pub const QUEUE_MAX: usize = 50_000;

/// One place in the queue.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(from = "(EntryId, TrackId, u8)", into = "(EntryId, TrackId, u8)")]
pub struct Entry {
    pub id: EntryId,
    pub track: TrackId,
    /// Put there by the listener; outlives a change of context.
    pub is_by_hand: bool,
    /// Comes again when everything repeats.
    pub is_repeating: bool,
    /// Was current at some time in this round; a shuffle does not bring it back.
    pub was_played: bool,
}

impl From<(EntryId, TrackId, u8)> for Entry {
    fn from((id, track, flags): (EntryId, TrackId, u8)) -> Self {
        Self {
            id,
            track,
            is_by_hand: flags & 1 != 0,
            is_repeating: flags & 2 != 0,
            was_played: flags & 4 != 0,
        }
    }
}

impl From<Entry> for (EntryId, TrackId, u8) {
    fn from(entry: Entry) -> Self {
        let flags = u8::from(entry.is_by_hand)
            | u8::from(entry.is_repeating) << 1
            | u8::from(entry.was_played) << 2;
        (entry.id, entry.track, flags)
    }
}

/// The line of entries; see the module's text.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Queue {
    pub(crate) context: Option<Context>,
    pub(crate) past: Vec<Entry>,
    pub(crate) current: Option<Entry>,
    pub(crate) front: VecDeque<Entry>,
    pub(crate) rest: VecDeque<Entry>,
    /// While shuffled: past, current and rest as they stood, for going back.
    pub(crate) natural: Option<Vec<EntryId>>,
    /// While shuffled and repeating: drawn ahead, so that the next is known at the end too.
    pub(crate) next_round: Option<EntryId>,
    pub(crate) next_entry: u64,
    /// Tells one playing of a context from every other, so that what is fetched for it later does
    /// not end up in another.
    pub(crate) lot: u64,
}

impl Queue {
    pub fn context(&self) -> Option<&Context> {
        self.context.as_ref()
    }

    pub fn current(&self) -> Option<Entry> {
        self.current
    }

    /// Played before, oldest first.
    pub fn past(&self) -> &[Entry] {
        &self.past
    }

    pub fn is_shuffled(&self) -> bool {
        self.natural.is_some()
    }

    /// Names the context for [`crate::Input::Extend`].
    pub fn lot(&self) -> u64 {
        self.lot
    }

    pub fn n_upcoming(&self) -> usize {
        self.front.len() + self.rest.len()
    }

    /// Length of the part added by hand.
    pub fn n_added(&self) -> usize {
        self.front.len()
    }

    /// What comes, in order, each with whether it stands in the part added by hand.
    pub fn upcoming(&self) -> impl Iterator<Item = (Entry, bool)> + '_ {
        let front = self.front.iter().map(|entry| (*entry, true));
        front.chain(self.rest.iter().map(|entry| (*entry, false)))
    }

    /// A window of [`Queue::upcoming`], found without walking to it.
    pub fn window(&self, offset: usize, limit: usize) -> Vec<(Entry, bool)> {
        let n = self.n_upcoming();
        let at = |idx: usize| match self.front.get(idx) {
            Some(entry) => Some((*entry, true)),
            None => self.rest.get(idx - self.front.len()).map(|entry| (*entry, false)),
        };
        (offset.min(n)..offset.saturating_add(limit).min(n)).filter_map(at).collect()
    }

    /// What stands next in the line, the end of a round left aside.
    pub fn peek(&self) -> Option<Entry> {
        self.front.front().or_else(|| self.rest.front()).copied()
    }

    pub fn contains(&self, id: EntryId) -> bool {
        self.entries().any(|entry| entry.id == id)
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> + '_ {
        self.past.iter().chain(&self.current).chain(&self.front).chain(&self.rest)
    }

    /// A new context from `tracks`, with `start` current. What was added by hand stays in front.
    pub(crate) fn replace(&mut self, context: Context, tracks: &[TrackId], start: usize) {
        self.front.retain(|entry| entry.is_by_hand);
        for entry in &mut self.front {
            entry.is_repeating = false;
        }
        self.context = Some(context);
        self.natural = None;
        self.next_round = None;
        self.begin_lot();
        let mut entries: VecDeque<Entry> =
            tracks.iter().map(|track| self.mint(*track, false)).collect();
        self.rest = entries.split_off(start.min(entries.len()));
        self.past = entries.into();
        self.current = self.rest.pop_front();
        self.mark_played();
    }

    /// Adds tracks by hand.
    pub(crate) fn add(&mut self, tracks: &[TrackId], placement: Placement) -> Result<(), Refusal> {
        if tracks.is_empty() {
            return Err(Refusal::NoTracks);
        }
        if tracks.len() > QUEUE_MAX.saturating_sub(self.n_upcoming()) {
            return Err(Refusal::QueueFull);
        }
        let mut entries: VecDeque<Entry> =
            tracks.iter().map(|track| self.mint(*track, true)).collect();
        match placement {
            Placement::Next => {
                entries.append(&mut self.front);
                self.front = entries;
            }
            Placement::Last => self.front.append(&mut entries),
        }
        Ok(())
    }

    fn mint(&mut self, track: TrackId, is_by_hand: bool) -> Entry {
        let id = EntryId(self.next_entry);
        self.next_entry += 1;
        // A queue put together by hand repeats as a whole; what is added to a context plays once.
        let is_repeating = !is_by_hand || matches!(self.context, None | Some(Context::Queue));
        Entry { id, track, is_by_hand, is_repeating, was_played: false }
    }

    /// Makes the next entry current. False at the end, where nothing changes.
    pub(crate) fn advance(&mut self) -> bool {
        let Some(next) = self.front.pop_front().or_else(|| self.rest.pop_front()) else {
            return false;
        };
        self.retire_current();
        self.current = Some(next);
        self.context.get_or_insert(Context::Queue);
        self.mark_played();
        true
    }

    /// Makes the entry before current again; what was current comes next. False at the start.
    pub(crate) fn back(&mut self) -> bool {
        let Some(before) = self.past.pop() else { return false };
        if let Some(current) = self.current.replace(before) {
            self.give_back(current);
        }
        self.mark_played();
        true
    }

    /// Puts an entry where it comes next, in the part it fits to.
    fn give_back(&mut self, entry: Entry) {
        if entry.is_by_hand || !self.front.is_empty() {
            self.front.push_front(entry);
        } else {
            self.rest.push_front(entry);
        }
    }

    /// Begins the next round, when everything repeats: the whole context comes again, what was
    /// added to it by hand does not. False where there is nothing to repeat.
    pub(crate) fn wrap(&mut self, random: Random<'_>) -> bool {
        if self.n_upcoming() > 0 {
            return self.advance();
        }
        if !self.repeating().any(|_| true) {
            return false;
        }
        let first = self.first_of_next_round(random);
        let mut round = std::mem::take(&mut self.past);
        round.extend(self.current.take());
        round.retain(|entry| entry.is_repeating);
        for entry in &mut round {
            entry.was_played = false;
        }
        if self.is_shuffled() {
            shuffle::shuffle(&mut round, random);
            if let Some(idx) = round.iter().position(|entry| Some(entry.id) == first) {
                round.swap(0, idx);
            }
        }
        self.rest = round.into();
        self.next_round = None;
        self.advance()
    }

    fn repeating(&self) -> impl Iterator<Item = &Entry> + '_ {
        self.past.iter().chain(&self.current).filter(|entry| entry.is_repeating)
    }

    /// What a next round begins with; drawn once while shuffled, never what played last.
    pub(crate) fn first_of_next_round(&mut self, random: Random<'_>) -> Option<EntryId> {
        if !self.is_shuffled() {
            return self.repeating().next().map(|entry| entry.id);
        }
        if let Some(drawn) = self.next_round
            && self.repeating().any(|entry| entry.id == drawn)
            && self.current.is_none_or(|current| current.id != drawn)
        {
            return Some(drawn);
        }
        let current = self.current.map(|entry| entry.id);
        let candidates: Vec<EntryId> =
            self.repeating().map(|entry| entry.id).filter(|id| Some(*id) != current).collect();
        self.next_round = match candidates.len() {
            0 => self.repeating().next().map(|entry| entry.id),
            n => Some(candidates[below(n, random)]),
        };
        self.next_round
    }

    /// Makes an entry current, wherever it stands. From the part added by hand, what stood before
    /// it is passed over; from the context, what was added by hand still comes.
    pub(crate) fn jump(&mut self, id: EntryId) -> Result<(), Refusal> {
        if self.current.is_some_and(|current| current.id == id) {
            return Ok(());
        }
        let find = |entry: &Entry| entry.id == id;
        if let Some(idx) = self.front.iter().position(find) {
            let kept = self.front.split_off(idx);
            let passed = std::mem::replace(&mut self.front, kept);
            self.pass_over(passed);
            self.advance();
        } else if let Some(idx) = self.rest.iter().position(find) {
            let kept = self.rest.split_off(idx + 1);
            let mut passed = std::mem::replace(&mut self.rest, kept);
            let target = passed.pop_back();
            self.pass_over(passed);
            self.current = target;
            self.mark_played();
        } else if let Some(idx) = self.past.iter().position(find) {
            for entry in self.past.split_off(idx + 1).into_iter().chain(self.current.take()).rev() {
                self.give_back(entry);
            }
            self.current = self.past.pop();
            self.mark_played();
        } else {
            return Err(Refusal::UnknownEntry);
        }
        Ok(())
    }

    fn pass_over(&mut self, passed: VecDeque<Entry>) {
        self.retire_current();
        self.past.extend(passed);
        self.trim_past();
    }

    /// Takes entries out. Answers whether the current one was among them; then nothing is current.
    pub(crate) fn remove(&mut self, ids: &[EntryId]) -> Result<bool, Refusal> {
        let ids: HashSet<EntryId> = ids.iter().copied().collect();
        if !self.entries().any(|entry| ids.contains(&entry.id)) {
            return Err(Refusal::UnknownEntry);
        }
        self.past.retain(|entry| !ids.contains(&entry.id));
        self.front.retain(|entry| !ids.contains(&entry.id));
        self.rest.retain(|entry| !ids.contains(&entry.id));
        Ok(self.current.take_if(|current| ids.contains(&current.id)).is_some())
    }

    /// Moves what comes. On the border of the two parts an entry stays in its own.
    pub(crate) fn move_before(
        &mut self,
        id: EntryId,
        before: Option<EntryId>,
    ) -> Result<(), Refusal> {
        let upcoming = |wanted: EntryId| self.upcoming().any(|(entry, _)| entry.id == wanted);
        if !upcoming(id) || before.is_some_and(|before| !upcoming(before)) {
            return Err(Refusal::UnknownEntry);
        }
        if before == Some(id) {
            return Ok(());
        }
        let place = |part: &VecDeque<Entry>, wanted: EntryId| {
            part.iter().position(|entry| entry.id == wanted)
        };
        let front_idx = place(&self.front, id);
        let taken = match front_idx {
            Some(idx) => self.front.remove(idx),
            None => place(&self.rest, id).and_then(|idx| self.rest.remove(idx)),
        };
        let Some(entry) = taken else { return Err(Refusal::UnknownEntry) };
        let was_front = front_idx.is_some();
        match before {
            None if self.rest.is_empty() && was_front => self.front.push_back(entry),
            None => self.rest.push_back(entry),
            Some(before) => {
                if let Some(idx) = place(&self.front, before) {
                    self.front.insert(idx, entry);
                } else {
                    match place(&self.rest, before) {
                        Some(0) | None if was_front => self.front.push_back(entry),
                        idx => self.rest.insert(idx.unwrap_or(0), entry),
                    }
                }
            }
        }
        Ok(())
    }

    /// Forgets all that comes, in this round and in later ones.
    pub(crate) fn clear(&mut self) {
        self.front.clear();
        self.rest.clear();
        self.next_round = None;
        self.begin_lot();
        for entry in &mut self.past {
            entry.is_repeating = false;
        }
    }

    fn retire_current(&mut self) {
        self.past.extend(self.current.take());
        self.trim_past();
    }

    fn trim_past(&mut self) {
        let excess = self.past.len().saturating_sub(QUEUE_MAX);
        self.past.drain(..excess);
    }

    fn mark_played(&mut self) {
        if let Some(current) = &mut self.current {
            current.was_played = true;
        }
    }

    /// From a file: entries that stand twice, or beyond the bounds, are dropped.
    pub(crate) fn restore(snapshot: &Snapshot) -> Self {
        let mut seen = HashSet::new();
        let mut next_entry = snapshot.next_entry;
        let mut sound = |entries: &[Entry], max: usize| -> Vec<Entry> {
            let fresh = entries.iter().filter(|entry| seen.insert(entry.id)).take(max);
            fresh.inspect(|entry| next_entry = next_entry.max(entry.id.0 + 1)).copied().collect()
        };
        let current = sound(snapshot.current.as_slice(), 1).pop();
        let front: VecDeque<Entry> = sound(&snapshot.front, QUEUE_MAX).into();
        let rest = sound(&snapshot.rest, QUEUE_MAX - front.len()).into();
        let past = sound(&snapshot.past, QUEUE_MAX);
        Self {
            context: snapshot.context.clone(),
            past,
            current,
            front,
            rest,
            natural: snapshot.natural.clone(),
            next_round: snapshot.next_round,
            next_entry,
            lot: next_entry,
        }
    }
}
