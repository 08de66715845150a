//! Refreshes, many in one transaction: each is durable before it is answered.

use std::sync::Arc;

use engine_sql::group::{self, Group};

use super::{Refresh, Refreshed, Store};
use crate::Error;

/// Refreshes in one transaction.
const GROUP_MAX: usize = 128;

/// Refreshes, together with whoever asks at the same time.
#[derive(Clone)]
pub struct Refresher(Group<Refresh, Result<Refreshed, Arc<Error>>>);

impl Refresher {
    pub fn start(store: Store) -> Self {
        let work = move |refreshes: Vec<Refresh>| {
            let store = store.clone();
            async move { group::share(refreshes.len(), store.sessions_refresh(&refreshes).await) }
        };
        Self(Group::start(GROUP_MAX, |_| 1, work))
    }

    /// Trades a token for the next one of its session, where it was never used before.
    pub async fn refresh(&self, refresh: Refresh) -> Result<Refreshed, Error> {
        self.0.ask(refresh).await.ok_or(Error::GroupEnded)?.map_err(Error::Together)
    }
}
