//! The queue as the shell has it, page by page.

use std::collections::BTreeSet;

use ::ipc::{QueueGet, QueueRow, QueueView};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    ipc::invoke,
    parts::{
        rows::{PAGE_ROWS, Rows},
        virtual_list::Drawn,
    },
    remote::Remote,
    state::State,
};

/// What is asked for at a time.
fn page(page_idx: usize) -> QueueGet {
    QueueGet { offset: (page_idx * PAGE_ROWS) as u32, limit: PAGE_ROWS as u32 }
}

/// The queue as far as it was looked at.
#[derive(Clone, Copy)]
pub struct Pages {
    /// All but the rows.
    pub view: RwSignal<Remote<QueueView>>,
    pub rows: RwSignal<Rows<QueueRow>>,
    /// How many rows come, and how many of those were added by hand.
    pub n_upcoming: Memo<usize>,
    pub n_added: Memo<usize>,
    /// Which rows are drawn of what was added, and of the rest.
    pub drawn: [RwSignal<Drawn>; 2],
    asked: StoredValue<BTreeSet<usize>>,
    /// Rises when everything is asked for anew; older answers count for nothing then.
    epoch: RwSignal<u64>,
    /// Kept aside, so that handing the queue on copies little.
    state: StoredValue<State>,
}

impl Pages {
    /// Asks now and whenever the queue changes. What is in sight stays until the answer comes.
    pub fn start(state: State) -> Self {
        let view = RwSignal::new(Remote::Loading);
        let of = move |part: fn(&QueueView) -> usize| {
            Memo::new(move |_| {
                view.with(|view| match view {
                    Remote::Ready(view) => part(view),
                    _ => 0,
                })
            })
        };
        let pages = Self {
            view,
            rows: RwSignal::default(),
            n_upcoming: of(|view| view.n_upcoming as usize),
            n_added: of(|view| (view.n_added as usize).min(view.n_upcoming as usize)),
            drawn: [RwSignal::new((0, 0)), RwSignal::new((0, 0))],
            asked: StoredValue::default(),
            epoch: RwSignal::new(0),
            state: StoredValue::new(state),
        };
        Effect::new(move |_| {
            state.queue_revision.track();
            // The current row changes without the queue changing.
            state.track.track();
            pages.refresh();
        });
        pages
    }

    pub fn refresh(self) {
        self.asked.update_value(BTreeSet::clear);
        self.epoch.update(|epoch| *epoch += 1);
        self.ask_for_sight();
    }

    /// Makes sure that the rows in sight come.
    pub fn ask_for_sight(self) {
        let n_added = self.n_added.get_untracked();
        let [added, rest] = self.drawn.map(|drawn| drawn.get_untracked());
        for page_idx in pages_of(n_added, added, rest) {
            self.ask(page_idx);
        }
    }

    fn ask(self, page_idx: usize) {
        let is_new = self.asked.try_update_value(|asked| asked.insert(page_idx));
        if is_new != Some(true) {
            return;
        }
        let epoch = self.epoch.get_untracked();
        spawn_local(async move {
            let reply = invoke(page(page_idx)).await;
            if self.epoch.try_get_untracked() != Some(epoch) {
                return;
            }
            match reply {
                Ok(view) => self.take(page_idx, view),
                Err(fault) if self.view.with_untracked(|v| matches!(v, Remote::Ready(_))) => {
                    self.state.get_value().fail(fault);
                }
                Err(fault) => self.view.set(Remote::Failed(fault)),
            }
        });
    }

    fn take(self, page_idx: usize, mut view: QueueView) {
        let rows = std::mem::take(&mut view.upcoming);
        let n_rows = view.n_upcoming as usize;
        self.rows.update(|all| {
            // After a change, rows of before stand only until those asked for come.
            self.asked.with_value(|asked| all.keep_pages(|page_idx| asked.contains(&page_idx)));
            all.end_at(n_rows);
            all.put(page_idx, rows);
        });
        let view = Remote::Ready(view);
        if self.view.with_untracked(|now| *now != view) {
            self.view.set(view);
        }
    }
}

/// The pages on which the drawn rows of both parts stand; the first where none are drawn yet.
fn pages_of(n_added: usize, added: Drawn, rest: Drawn) -> BTreeSet<usize> {
    let added = (added.0, added.1.min(n_added));
    let rest = (n_added + rest.0, n_added + rest.1);
    let pages: BTreeSet<usize> = [added, rest]
        .into_iter()
        .filter(|(first, last)| first < last)
        .flat_map(|(first, last)| first / PAGE_ROWS..=(last - 1) / PAGE_ROWS)
        .collect();
    if pages.is_empty() { BTreeSet::from([0]) } else { pages }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_in_sight_is_asked_for() {
        let pages =
            |n_added, added, rest| pages_of(n_added, added, rest).into_iter().collect::<Vec<_>>();
        assert_eq!(pages(0, (0, 0), (0, 0)), [0]);
        assert_eq!(pages(0, (0, 0), (190, 230)), [0, 1]);
        assert_eq!(pages(300, (0, 40), (0, 8)), [0, 1]);
        assert_eq!(pages(0, (0, 40), (0, 30)), [0]);
    }
}
