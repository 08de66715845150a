//! Playing the library: the first page sounds at once, the others follow while it does.

use std::{
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use domain::{TrackId, queue::Context};
use ipc::{Event, Fault, FaultKind, ListQuery, Notice, Severity};
use player_core::Input;

use crate::{Facade, catalog::Walk, facade::Inner, fault};

/// How long a shuffle gathers before it begins: what is there by then can come first.
const GATHER_PATIENCE: Duration = Duration::from_millis(400);

/// Pages that go into the queue at a time.
const PAGES_AT_ONCE: usize = 10;

impl Facade {
    /// Plays a list of the library from `start`, which stands on the page that `query` begins
    /// with; without one from the head of that page, or from anywhere while shuffled.
    pub(super) async fn play_library(
        &self,
        context: Context,
        query: ListQuery,
        start: Option<TrackId>,
        is_shuffled: bool,
    ) -> Result<(), Fault> {
        let began = Instant::now();
        let mut walk = Walk::new(query);
        let mut tracks = Vec::new();
        let is_gathering = is_shuffled && start.is_none();
        while let Some(more) = walk.next(&self.inner.catalog).await? {
            tracks.extend(more);
            let is_enough =
                !tracks.is_empty() && (!is_gathering || began.elapsed() > GATHER_PATIENCE);
            if is_enough {
                break;
            }
        }
        let start = match start {
            None => None,
            Some(start) => Some(tracks.iter().position(|id| *id == start).ok_or_else(|| {
                fault::not_found("The file of this track is missing on the server.")
            })?),
        };
        if tracks.is_empty() {
            return Err(fault::not_found("There is nothing here that can be played."));
        }
        let input = Input::PlayFrom { context, tracks, start, is_shuffled };
        let lot = self.inner.player.begin(input).await?;
        tokio::spawn(follow(Arc::downgrade(&self.inner), walk, lot));
        Ok(())
    }
}

/// Brings the pages that are left into the queue, until something else plays.
async fn follow(inner: Weak<Inner>, mut walk: Walk, lot: u64) {
    let mut owner = None;
    loop {
        let Some(inner) = inner.upgrade() else { return };
        // Lots count per queue, and another listener has another queue.
        let now = inner.server.owner_now().ok();
        if now.is_none() || *owner.get_or_insert_with(|| now.clone()) != now {
            return;
        }
        match more(&inner, &mut walk).await {
            Ok(tracks) if tracks.is_empty() => return,
            Ok(tracks) => {
                // Refused once something else plays; then nobody waits for the rest.
                if inner.player.give(Input::Extend { lot, tracks }).await.is_err() {
                    return;
                }
            }
            Err(fault) => {
                if fault.kind != FaultKind::SignedOut {
                    tell(&inner, fault);
                }
                return;
            }
        }
    }
}

async fn more(inner: &Inner, walk: &mut Walk) -> Result<Vec<TrackId>, Fault> {
    let mut tracks = Vec::new();
    let mut n_pages = 0;
    while (n_pages < PAGES_AT_ONCE || tracks.is_empty())
        && let Some(page) = walk.next(&inner.catalog).await?
    {
        tracks.extend(page);
        n_pages += 1;
    }
    Ok(tracks)
}

fn tell(inner: &Inner, fault: Fault) {
    let notice = Notice {
        severity: Severity::Warning,
        message: format!("The queue has only the first part of this list. {}", fault.message),
        hint: "Play the list again later to have all of it.".into(),
        request_id: fault.request_id,
    };
    inner.news.tell(Event::Notice(notice));
}
