//! What comes next.

use std::{collections::HashMap, sync::Arc};

use domain::{Track, TrackId};
use ipc::{Fault, QueueRow, QueueView};
use player_core::{Entry, Input, Placement};

use crate::{Facade, tracks};

/// Most rows of the queue in one answer.
const ROWS_MAX: u32 = 500;

impl Facade {
    pub async fn queue_view(&self, call: ipc::QueueGet) -> Result<QueueView, Fault> {
        let limit = call.limit.min(ROWS_MAX) as usize;
        let window = self.inner.player.window(call.offset as usize, limit).await?;
        let shown = window.current.iter().chain(window.upcoming.iter().map(|(entry, _)| entry));
        let ids: Vec<TrackId> = shown.map(|entry| entry.track).collect();
        // Signed out: there is nothing in the queue either.
        let known =
            if ids.is_empty() { HashMap::new() } else { self.inner.tracks.get_all(&ids).await? };
        Ok(QueueView {
            revision: window.revision,
            context: window.context,
            current: window.current.map(|entry| row(entry, entry.is_by_hand, &known)),
            upcoming: window
                .upcoming
                .into_iter()
                .map(|(entry, is_added)| row(entry, is_added, &known))
                .collect(),
            offset: call.offset,
            n_upcoming: u32::try_from(window.n_upcoming).unwrap_or(u32::MAX),
            n_added: u32::try_from(window.n_added).unwrap_or(u32::MAX),
            can_undo: window.can_undo,
        })
    }

    pub async fn queue_add(&self, call: ipc::QueueAdd) -> Result<(), Fault> {
        let selected = self.inner.catalog.select(call.selection, None).await?;
        let placement = match call.placement {
            ipc::Placement::Next => Placement::Next,
            ipc::Placement::Last => Placement::Last,
        };
        self.inner.player.give(Input::Add { tracks: selected.ids, placement }).await
    }

    pub async fn queue_play(&self, call: ipc::QueuePlay) -> Result<(), Fault> {
        self.inner.player.give(Input::Jump { entry: call.entry }).await
    }

    pub async fn queue_remove(&self, call: ipc::QueueRemove) -> Result<(), Fault> {
        self.inner.player.give(Input::Remove { entries: call.entries }).await
    }

    pub async fn queue_move(&self, call: ipc::QueueMove) -> Result<(), Fault> {
        self.inner.player.give(Input::Move { entry: call.entry, before: call.before }).await
    }

    pub async fn queue_clear(&self, _call: ipc::QueueClear) -> Result<(), Fault> {
        self.inner.player.give(Input::Clear).await
    }

    pub async fn queue_undo(&self, _call: ipc::QueueUndo) -> Result<(), Fault> {
        self.inner.player.give(Input::Undo).await
    }
}

fn row(entry: Entry, is_added: bool, known: &HashMap<TrackId, Arc<Track>>) -> QueueRow {
    let track = known
        .get(&entry.track)
        .map_or_else(|| tracks::unknown(entry.track), |track| track.as_ref().clone());
    QueueRow { entry: entry.id, track, is_added }
}
