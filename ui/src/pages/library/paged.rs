//! A list that is fetched page by page, from its head and from its end, as it is looked at.
//!
//! The server gives pages one after the other only. Asked for in the opposite order, the list
//! begins with its end: so the last row is as near as the first, and the middle is half as far.

use std::{collections::BTreeMap, time::Duration};

use ::ipc::{Call, Fault, ListQuery, Page};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    busy::Busy,
    ipc::invoke,
    parts::rows::{PAGE_ROWS, Rows},
    route::Router,
    state::State,
};

/// What a list looks like as a whole.
#[derive(Clone, PartialEq, Debug)]
pub enum Face {
    Loading,
    Empty,
    Full,
    Failed(Fault),
}

/// Where a page is fetched from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Side {
    Head,
    End,
}

/// After a page failed, so long none is asked for: scrolling asks all the time.
const HOLD: Duration = Duration::from_secs(2);

type Fetch<T> = Box<dyn Fn(ListQuery, Side, u64, Paged<T>) + Send + Sync>;

/// What is known of where pages begin.
#[derive(Clone, Default)]
struct Frontier {
    /// Cursors of the pages counted from the head; none for the first.
    starts: BTreeMap<usize, Option<String>>,
    /// The first page that is not here, from the head.
    head: usize,
    /// The last page that is not here, plus one.
    end: usize,
    /// Where the page before `end` begins, in the opposite order; none where nothing was asked.
    end_cursor: Option<String>,
}

impl Frontier {
    /// From which side the page is reached sooner; none where it is here.
    fn side_of(&self, page_idx: usize) -> Option<Side> {
        if page_idx < self.head || page_idx >= self.end {
            return None;
        }
        let is_near_head = page_idx - self.head <= self.end - 1 - page_idx;
        Some(if is_near_head { Side::Head } else { Side::End })
    }
}

/// What the fetching is at.
#[derive(Clone, Copy, Default)]
struct Going {
    is_fetching: bool,
    /// A page has just failed.
    is_held: bool,
    /// The last row looked at.
    wanted: usize,
}

/// Rows fetched so far, of all there are.
pub struct Paged<T: Send + Sync + 'static> {
    pub rows: RwSignal<Rows<T>>,
    pub total: RwSignal<usize>,
    /// Rises when the list starts anew.
    pub epoch: RwSignal<u64>,
    is_loaded: RwSignal<bool>,
    fault: RwSignal<Option<Fault>>,
    query: StoredValue<ListQuery>,
    frontier: StoredValue<Frontier>,
    going: StoredValue<Going>,
    n_retries: RwSignal<u32>,
    fetch: StoredValue<Fetch<T>>,
    router: Router,
    /// Kept aside, so that handing a list on copies little.
    state: StoredValue<State>,
}

impl<T: Send + Sync + 'static> Clone for Paged<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Paged<T> {}

impl<T: Clone + Send + Sync + 'static> Paged<T> {
    /// Fetches the first page now and whenever what `query` reads changes.
    pub fn new<C>(
        query: impl Fn() -> ListQuery + 'static,
        call: impl Fn(ListQuery) -> C + Copy + Send + Sync + 'static,
    ) -> Self
    where
        C: Call<Reply = Page<T>> + 'static,
    {
        let (state, busy) = (expect_context::<State>(), expect_context::<Busy>());
        let fetch: Fetch<T> = Box::new(move |query, side, epoch, paged| {
            paged.going.update_value(|going| going.is_fetching = true);
            // Another order or filter; pages that follow show as grey rows.
            let is_anew = query.cursor.is_none() && paged.is_loaded.get_untracked();
            let ongoing = is_anew.then(|| busy.begin());
            spawn_local(async move {
                let reply = invoke(call(query)).await;
                drop(ongoing);
                // The page may be gone, or show another list, by now.
                if paged.epoch.try_get_untracked() == Some(epoch) {
                    paged.going.update_value(|going| going.is_fetching = false);
                    paged.take(reply, side);
                }
            });
        });
        let paged = Self {
            rows: RwSignal::default(),
            total: RwSignal::new(0),
            epoch: RwSignal::new(0),
            is_loaded: RwSignal::new(false),
            fault: RwSignal::new(None),
            query: StoredValue::default(),
            frontier: StoredValue::default(),
            going: StoredValue::default(),
            n_retries: RwSignal::new(0),
            fetch: StoredValue::new(fetch),
            router: expect_context(),
            state: StoredValue::new(state),
        };
        Effect::new(move |_| {
            paged.n_retries.track();
            let query = query();
            paged.query.set_value(query.clone());
            paged.frontier.set_value(Frontier::default());
            paged.going.update_value(|going| going.wanted = 0);
            paged.epoch.update(|epoch| *epoch += 1);
            let epoch = paged.epoch.get_untracked();
            paged.fetch.with_value(|fetch| fetch(query, Side::Head, epoch, paged));
        });
        Effect::new(move |_| {
            // What failed on the way may be had now.
            if state.is_online.get() {
                paged.going.update_value(|going| going.is_held = false);
                paged.go_on();
            }
        });
        paged
    }

    /// Fetches until row `idx`, the last one looked at, is there.
    pub fn want(self, idx: usize) {
        self.going.update_value(|going| going.wanted = idx);
        self.go_on();
    }

    fn go_on(self) {
        let Going { is_fetching, is_held, wanted } = self.going.get_value();
        if is_fetching || is_held || !self.is_loaded.get_untracked() {
            return;
        }
        let last_idx = self.total.get_untracked().saturating_sub(1);
        let page_idx = wanted.min(last_idx) / PAGE_ROWS;
        // The rows above may stand on the page before.
        let pages = [page_idx, page_idx.saturating_sub(1)];
        let side = self
            .frontier
            .with_value(|frontier| pages.iter().find_map(|page_idx| frontier.side_of(*page_idx)));
        let Some(side) = side else { return };
        let query = self.next_query(side);
        let epoch = self.epoch.get_untracked();
        self.fetch.with_value(|fetch| fetch(query, side, epoch, self));
    }

    fn next_query(self, side: Side) -> ListQuery {
        let query = self.query.get_value();
        self.frontier.with_value(|frontier| match side {
            Side::Head => ListQuery {
                cursor: frontier.starts.get(&frontier.head).cloned().flatten(),
                ..query
            },
            Side::End => {
                // The last page is what the full ones before it leave over.
                let n_over = self.total.get_untracked() % PAGE_ROWS;
                let is_last = frontier.end_cursor.is_none();
                let limit = if is_last && n_over > 0 { n_over } else { PAGE_ROWS };
                ListQuery {
                    is_descending: !query.is_descending,
                    cursor: frontier.end_cursor.clone(),
                    limit: limit as u32,
                    ..query
                }
            }
        })
    }

    /// Fetches one more page, at the end or at the head; false where all are here.
    pub fn fetch_towards(self, is_end: bool) -> bool {
        let (head, end) = self.frontier.with_value(|frontier| (frontier.head, frontier.end));
        if head < end {
            self.want(if is_end { end - 1 } else { head } * PAGE_ROWS);
        }
        head < end
    }

    /// The list from the page on which row `idx` stands, where it is known how to ask for it.
    pub fn query_from(self, idx: usize) -> Option<ListQuery> {
        let cursor = self
            .frontier
            .with_value(|frontier| frontier.starts.get(&(idx / PAGE_ROWS)).cloned())?;
        Some(ListQuery { cursor, ..self.query.get_value() })
    }

    pub fn retry(self) {
        self.fault.set(None);
        self.is_loaded.set(false);
        self.n_retries.update(|n| *n += 1);
    }

    pub fn face(self) -> Face {
        match (self.fault.get(), self.is_loaded.get()) {
            (Some(fault), _) => Face::Failed(fault),
            (None, false) => Face::Loading,
            (None, true) if self.total.get() == 0 => Face::Empty,
            (None, true) => Face::Full,
        }
    }

    fn take(self, reply: Result<Page<T>, Fault>, side: Side) {
        match (reply, side) {
            (Ok(page), Side::Head) => self.take_head(page),
            (Ok(page), Side::End) => self.take_end(page),
            (Err(fault), _) => {
                self.fail(fault);
                return;
            }
        }
        self.go_on();
    }

    /// Without its first page there is no list; without another one, what is here stays.
    fn fail(self, fault: Fault) {
        if self.frontier.with_value(|frontier| frontier.head == 0) {
            self.fault.set(Some(fault));
            return;
        }
        self.state.get_value().fail(fault);
        self.going.update_value(|going| going.is_held = true);
        let release = move || _ = self.going.try_update_value(|going| going.is_held = false);
        set_timeout(release, HOLD);
    }

    fn take_head(self, page: Page<T>) {
        self.fault.set(None);
        let page_idx = self.frontier.with_value(|frontier| frontier.head);
        let n_here = page_idx * PAGE_ROWS + page.items.len();
        let is_first = page_idx == 0;
        // What was fetched counts more than what was counted.
        let is_last = page.next_cursor.is_none();
        let total = if is_last { n_here } else { n_here.max(page.total as usize) };
        if is_first {
            self.rows.set(Rows::coming(total));
        }
        self.rows.update(|rows| {
            rows.end_at(total);
            rows.put(page_idx, page.items);
        });
        self.frontier.update_value(|frontier| {
            frontier.starts.entry(page_idx).or_insert(None);
            frontier.head = page_idx + 1;
            if is_first {
                frontier.end = total.div_ceil(PAGE_ROWS);
            }
            if is_last {
                frontier.end = frontier.head;
            } else {
                frontier.starts.insert(page_idx + 1, page.next_cursor);
            }
        });
        if self.total.get_untracked() != total {
            self.total.set(total);
        }
        if is_first {
            self.is_loaded.set(true);
            self.router.restore_offset();
        }
    }

    fn take_end(self, page: Page<T>) {
        if page.total as usize != self.total.get_untracked() {
            // The list has grown or shrunk meanwhile: places counted from its end are off.
            self.retry();
            return;
        }
        let mut items = page.items;
        items.reverse();
        let page_idx = self.frontier.with_value(|frontier| frontier.end.saturating_sub(1));
        self.rows.update(|rows| rows.put(page_idx, items));
        self.frontier.update_value(|frontier| {
            frontier.end = page_idx;
            frontier.end_cursor = page.next_cursor;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_fetched_from_the_nearer_side() {
        let frontier = Frontier { head: 1, end: 250, ..Frontier::default() };
        assert_eq!(frontier.side_of(0), None);
        assert_eq!(frontier.side_of(3), Some(Side::Head));
        assert_eq!(frontier.side_of(249), Some(Side::End));
        let met = Frontier { head: 5, end: 5, ..Frontier::default() };
        assert_eq!(met.side_of(5), None);
    }
}
