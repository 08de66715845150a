//! Shuffling, and the way back.

use std::collections::{HashMap, VecDeque};

use domain::queue::EntryId;

use super::{Entry, Queue};
use crate::Random;

/// A uniformly random number below `n`, which is not 0, without bias (Lemire, "Fast Random
/// Integer Generation in an Interval", 2019).
pub(crate) fn below(n: usize, random: Random<'_>) -> usize {
    let n = n as u64;
    let threshold = n.wrapping_neg() % n;
    // Each draw fails with a chance below one half; a source that always fails must not hang us.
    for _ in 0..64 {
        let wide = u128::from(random()) * u128::from(n);
        if (wide as u64) >= threshold {
            return (wide >> 64) as usize;
        }
    }
    0
}

/// Fisher and Yates.
pub(super) fn shuffle(entries: &mut [Entry], random: Random<'_>) {
    for idx in (1..entries.len()).rev() {
        entries.swap(idx, below(idx + 1, random));
    }
}

impl Queue {
    /// Mixes the context: all of it that was not heard yet comes in random order. What plays and
    /// what was added by hand stay where they are.
    pub(crate) fn shuffle(&mut self, random: Random<'_>) {
        if self.is_shuffled() {
            return;
        }
        let line = self.past.iter().chain(&self.current).chain(&self.rest);
        self.natural = Some(line.map(|entry| entry.id).collect());
        // With nothing current there is no place to come back to but the end of the past.
        let has_place = self.current.is_some();
        let (unheard, heard) = self
            .past
            .drain(..)
            .partition(|entry| has_place && entry.is_repeating && !entry.was_played);
        self.past = heard;
        let mut rest: Vec<Entry> = unheard;
        rest.extend(self.rest.drain(..));
        shuffle(&mut rest, random);
        self.rest = rest.into();
    }

    /// Brings the order back that there was before the shuffle: what stood after the current entry
    /// comes, what stood before it is past. Entries put among the context meanwhile come first,
    /// with those added by hand.
    pub(crate) fn unshuffle(&mut self) {
        let Some(natural) = self.natural.take() else { return };
        self.next_round = None;
        let order: HashMap<EntryId, usize> =
            natural.into_iter().enumerate().map(|(idx, id)| (id, idx)).collect();
        let place = |entry: &Entry| order.get(&entry.id).copied();
        // Where an entry plays that the order does not know, its place is after what played last.
        let here = self
            .current
            .as_ref()
            .and_then(place)
            .map(|idx| (idx, idx + 1))
            .or_else(|| self.past.iter().rev().find_map(place).map(|idx| (idx + 1, idx + 1)))
            .unwrap_or((0, 0));
        let (past_end, rest_start) = here;

        let (mut known, strangers): (Vec<Entry>, Vec<Entry>) =
            self.past.drain(..).partition(|entry| place(entry).is_some());
        let (rest, moved_in): (Vec<Entry>, Vec<Entry>) =
            self.rest.drain(..).partition(|entry| place(entry).is_some());
        known.extend(rest);
        known.sort_unstable_by_key(place);
        let split = known.partition_point(|entry| place(entry).is_some_and(|idx| idx < past_end));
        let rest: VecDeque<Entry> = known.split_off(split).into();
        debug_assert!(rest.front().and_then(place).is_none_or(|idx| idx >= rest_start));
        self.rest = rest;
        self.past = known;
        self.past.extend(strangers);
        self.front.extend(moved_in);
    }
}
