//! Taking changes back.

use std::collections::{HashMap, VecDeque};

use domain::queue::EntryId;

use super::{Entry, Queue};
use crate::Random;

/// Most changes that can be taken back.
const LEVELS_MAX: usize = 50;

/// Most entries kept in all for that: some 20 MB.
const ENTRIES_MAX: usize = 500_000;

/// The queue before a change.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub before: Queue,
    /// Where the change also changed what plays: position then, and whether it played.
    pub playing: Option<(u64, bool)>,
}

/// The last changes, latest last.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes {
    levels: VecDeque<Change>,
    n_entries: usize,
}

impl Changes {
    pub fn is_empty(&self) -> bool {
        self.levels.is_empty()
    }

    pub fn push(&mut self, change: Change) {
        self.n_entries += change.before.entries().count();
        self.levels.push_back(change);
        self.trim();
    }

    fn trim(&mut self) {
        while self.levels.len() > LEVELS_MAX
            || (self.levels.len() > 1 && self.n_entries > ENTRIES_MAX)
        {
            if let Some(oldest) = self.levels.pop_front() {
                self.n_entries -= oldest.before.entries().count();
            }
        }
    }

    pub fn has_lot(&self, lot: u64) -> bool {
        self.levels.iter().any(|change| change.before.lot == lot)
    }

    /// What came for a context since its queue was put aside belongs to that queue, too.
    pub fn extend(&mut self, lot: u64, entries: &[Entry], random: Random<'_>) {
        for change in self.levels.iter_mut().filter(|change| change.before.lot == lot) {
            self.n_entries -= change.before.entries().count();
            change.before.extend(entries, random);
            self.n_entries += change.before.entries().count();
        }
        self.trim();
    }

    pub fn pop(&mut self) -> Option<Change> {
        let change = self.levels.pop_back()?;
        self.n_entries -= change.before.entries().count();
        Some(change)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Past,
    Current,
    Upcoming,
}

impl Queue {
    /// Takes a change back while the music goes on: entries and their order are those of `before`,
    /// but what plays stays current and what was played since stays past.
    pub(crate) fn rewind(&mut self, before: Self, random: Random<'_>) {
        let is_shuffled = self.is_shuffled();
        let next_entry = self.next_entry;
        let live = std::mem::replace(self, before);
        self.next_entry = next_entry;

        let mut sides: HashMap<EntryId, (Side, bool)> = HashMap::new();
        let mut note = |entry: &Entry, side| {
            sides.insert(entry.id, (side, entry.was_played));
        };
        live.past.iter().for_each(|entry| note(entry, Side::Past));
        live.current.iter().for_each(|entry| note(entry, Side::Current));
        live.front.iter().chain(&live.rest).for_each(|entry| note(entry, Side::Upcoming));
        let side = |entry: &Entry| sides.get(&entry.id).map(|(side, _)| *side);
        let mark = |mut entry: Entry| {
            entry.was_played = sides.get(&entry.id).map_or(entry.was_played, |(_, played)| *played);
            entry
        };

        // What the old past and current hold and live does not count as past comes first again.
        let mut ahead = Vec::new();
        let mut past = Vec::new();
        let mut passed: HashMap<EntryId, Entry> = HashMap::new();
        for entry in std::mem::take(&mut self.past).into_iter().map(mark) {
            match side(&entry) {
                Some(Side::Past) | None => past.push(entry),
                Some(Side::Upcoming) => ahead.push(entry),
                Some(Side::Current) => {}
            }
        }
        for entry in self.current.take().into_iter().map(mark) {
            match side(&entry) {
                Some(Side::Past) => drop(passed.insert(entry.id, entry)),
                Some(Side::Upcoming) | None => ahead.push(entry),
                Some(Side::Current) => {}
            }
        }
        for part in [&mut self.front, &mut self.rest] {
            for entry in std::mem::take(part).into_iter().map(mark) {
                match side(&entry) {
                    Some(Side::Past) => drop(passed.insert(entry.id, entry)),
                    Some(Side::Upcoming) | None => part.push_back(entry),
                    Some(Side::Current) => {}
                }
            }
        }
        past.extend(live.past.iter().filter_map(|entry| passed.remove(&entry.id)));
        self.past = past;
        self.current = live.current;
        for entry in ahead.into_iter().rev() {
            self.give_back(entry);
        }
        self.trim_past();
        match (is_shuffled, self.is_shuffled()) {
            (true, false) => self.shuffle(random),
            (false, true) => self.unshuffle(),
            _ => {}
        }
    }
}
