//! Walking through a long list of the library, page by page.

use domain::TrackId;
use ipc::{Fault, ListQuery};
use player_core::QUEUE_MAX;

use super::{Catalog, available};

/// The tracks of a list that can be played, as far as a queue can hold them.
pub(crate) struct Walk {
    query: ListQuery,
    is_over: bool,
    n_left: usize,
}

impl Walk {
    /// Starts at the cursor of `query`, or at the head of the list.
    pub fn new(query: ListQuery) -> Self {
        let query = ListQuery { limit: api::PAGE_LIMIT_MAX, ..query };
        Self { query, is_over: false, n_left: QUEUE_MAX }
    }

    /// The tracks of the next page; none after the last.
    pub async fn next(&mut self, catalog: &Catalog) -> Result<Option<Vec<TrackId>>, Fault> {
        if self.is_over {
            return Ok(None);
        }
        let page = catalog.tracks_passing(self.query.clone()).await?;
        let mut ids = available(&page.items);
        ids.truncate(self.n_left);
        self.n_left -= ids.len();
        self.is_over = page.next_cursor.is_none() || self.n_left == 0;
        self.query.cursor = page.next_cursor;
        Ok(Some(ids))
    }
}
