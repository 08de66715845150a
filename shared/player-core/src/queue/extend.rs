//! A context that comes in pieces.

use std::collections::VecDeque;

use super::{Entry, Queue, shuffle};
use crate::{QUEUE_MAX, Random, queue::below};

impl Queue {
    /// From here on, what is fetched for an earlier context has no place here.
    pub(super) fn begin_lot(&mut self) {
        // Numbers of entries are never given twice, so this one is good for lots, too.
        self.lot = self.next_entry;
        self.next_entry += 1;
    }

    /// New entries for tracks of the context, to be given to [`Queue::extend`].
    pub(crate) fn mint_context(&mut self, tracks: &[domain::TrackId]) -> Vec<Entry> {
        tracks.iter().map(|track| self.mint(*track, false)).collect()
    }

    /// Puts `entries` at the end of the context; while shuffled, anywhere among what comes of it.
    /// What is beyond the bound is left out.
    pub(crate) fn extend(&mut self, entries: &[Entry], random: Random<'_>) {
        let n_free = QUEUE_MAX.saturating_sub(self.n_upcoming());
        let mut entries = entries[..entries.len().min(n_free)].to_vec();
        let Some(natural) = &mut self.natural else {
            self.rest.extend(entries);
            return;
        };
        natural.extend(entries.iter().map(|entry| entry.id));
        shuffle::shuffle(&mut entries, random);
        // Two mixed lines, merged by chance in proportion to what is left of each, are mixed.
        let mut old = std::mem::take(&mut self.rest);
        let mut new = VecDeque::from(entries);
        while !old.is_empty() && !new.is_empty() {
            let from =
                if below(old.len() + new.len(), random) < old.len() { &mut old } else { &mut new };
            self.rest.extend(from.pop_front());
        }
        self.rest.append(&mut old);
        self.rest.append(&mut new);
    }
}
