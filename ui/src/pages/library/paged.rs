//! A list that is fetched page by page as it is looked at.

use ::ipc::{Call, Fault, ListQuery, Page};
use leptos::{prelude::*, task::spawn_local};

use crate::{ipc::invoke, route::Router};

/// Rows in one page: the most the server gives.
pub const PAGE_ROWS: u32 = 200;

/// What a list looks like as a whole.
#[derive(Clone, PartialEq, Debug)]
pub enum Face {
    Loading,
    Empty,
    Full,
    Failed(Fault),
}

type Fetch<T> = Box<dyn Fn(ListQuery, u64, Paged<T>) + Send + Sync>;

/// Rows fetched so far, of `total`.
pub struct Paged<T: Send + Sync + 'static> {
    pub rows: RwSignal<Vec<T>>,
    pub total: RwSignal<usize>,
    /// Rises when the list starts anew.
    pub epoch: RwSignal<u64>,
    is_loaded: RwSignal<bool>,
    fault: RwSignal<Option<Fault>>,
    query: StoredValue<ListQuery>,
    /// Where the next page starts; none at the end or while one is on its way.
    cursor: StoredValue<Option<String>>,
    wanted: StoredValue<usize>,
    n_retries: RwSignal<u32>,
    fetch: StoredValue<Fetch<T>>,
    router: Router,
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
        let fetch: Fetch<T> = Box::new(move |query, epoch, paged| {
            let is_first = query.cursor.is_none();
            spawn_local(async move {
                let reply = invoke(call(query)).await;
                // The page may be gone, or show another list, by now.
                if paged.epoch.try_get_untracked() == Some(epoch) {
                    paged.take(reply, is_first);
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
            cursor: StoredValue::default(),
            wanted: StoredValue::new(0),
            n_retries: RwSignal::new(0),
            fetch: StoredValue::new(fetch),
            router: expect_context(),
        };
        Effect::new(move |_| {
            paged.n_retries.track();
            let query = query();
            paged.query.set_value(query.clone());
            paged.cursor.set_value(None);
            paged.wanted.set_value(0);
            paged.epoch.update(|epoch| *epoch += 1);
            paged.fetch.with_value(|fetch| fetch(query, paged.epoch.get_untracked(), paged));
        });
        paged
    }

    /// Fetches on until row `idx` is there.
    pub fn want(self, idx: usize) {
        self.wanted.update_value(|wanted| *wanted = (*wanted).max(idx));
        if self.rows.with_untracked(Vec::len) > idx {
            return;
        }
        let Some(cursor) = self.cursor.try_update_value(Option::take).flatten() else { return };
        let mut query = self.query.get_value();
        query.cursor = Some(cursor);
        self.fetch.with_value(|fetch| fetch(query, self.epoch.get_untracked(), self));
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

    fn take(self, reply: Result<Page<T>, Fault>, is_first: bool) {
        match reply {
            Ok(page) => {
                self.fault.set(None);
                self.cursor.set_value(page.next_cursor);
                if is_first {
                    self.rows.set(page.items);
                    self.is_loaded.set(true);
                    self.router.restore_offset();
                } else {
                    self.rows.update(|rows| rows.extend(page.items));
                }
                let n_rows = self.rows.with_untracked(Vec::len);
                // What was fetched counts more than what was counted.
                let is_partial = self.cursor.with_value(Option::is_some);
                let total = if is_partial { n_rows.max(page.total as usize) } else { n_rows };
                if self.total.get_untracked() != total {
                    self.total.set(total);
                }
                let wanted = self.wanted.get_value();
                self.want(wanted);
            }
            Err(fault) => self.fault.set(Some(fault)),
        }
    }
}
