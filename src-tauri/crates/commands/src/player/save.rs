//! The queue on disk: kept up with while the music plays, and brought back for who signs in.

use audio_engine::Command;
use domain::{TrackId, queue::EntryId};
use ipc::Severity;
use local_store::{Key, StoredQueue};
use player_core::{Input, Snapshot};

use super::{
    Ask,
    stage::{Saved, Stage},
};
use crate::clock::{blocking, now_ms};

/// How far the position may move before it is saved again.
const STEP_MS: u64 = 900;

/// Between two tries while the disk refuses.
const RETRY_MS: u64 = 5_000;

impl Stage {
    /// Saves what has changed, off this task, one save at a time.
    pub(super) async fn save_changes(&mut self) {
        if self.saving.as_ref().is_some_and(|saving| !saving.is_finished()) {
            return;
        }
        self.saving_done().await;
        let now_ms = now_ms();
        if now_ms < self.save_after_ms {
            return;
        }
        let view = self.player.view(now_ms);
        let now = Saved {
            revision: view.revision,
            repeat: view.repeat,
            position: view.current.map(|entry| (entry.id, view.position_ms)),
            volume: self.volume,
        };
        // Without an owner there is no queue, only the volume.
        let owner = self.owner.clone().unwrap_or_default();
        let is_owned = self.owner.is_some() && self.may_save_queue;
        let is_queue =
            is_owned && (now.revision, now.repeat) != (self.saved.revision, self.saved.repeat);
        let is_position = is_owned && has_moved(self.saved.position, now.position);
        let is_volume = now.volume != self.saved.volume;
        if !is_queue && !is_position && !is_volume {
            return;
        }
        let snapshot = is_queue.then(|| self.player.snapshot(now_ms));
        let store = self.parts.store.clone();
        let write = move || -> local_store::Result<Saved> {
            if let Some(snapshot) = snapshot {
                store.set_queue(&owner, &snapshot)?;
            }
            if let Some((entry, position_ms)) = now.position.filter(|_| is_owned) {
                store.set_position(&owner, entry, position_ms)?;
            }
            if is_volume {
                store.set_value(Key::Volume, &now.volume)?;
            }
            Ok(now)
        };
        self.saving = Some(tokio::spawn(blocking(write)));
    }

    async fn save_now(&mut self) {
        self.saving_done().await;
        // To the millisecond this time.
        self.saved.position = None;
        self.save_after_ms = 0;
        self.save_changes().await;
        self.saving_done().await;
    }

    /// Only what is on disk counts as saved; the rest is tried again, and told once.
    async fn saving_done(&mut self) {
        let Some(saving) = self.saving.take() else { return };
        // It does not panic, and nobody cancels it.
        match saving.await {
            Ok(Ok(saved)) => {
                self.saved = saved;
                self.has_told_unsaved = false;
            }
            Ok(Err(error)) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the queue was not saved"
                );
                self.save_after_ms = now_ms() + RETRY_MS;
                if !std::mem::replace(&mut self.has_told_unsaved, true) {
                    let hint = "Make space on this device; it is tried again every few seconds.";
                    self.notify(Severity::Error, "Your queue cannot be saved.", hint);
                }
            }
            Err(_) => {}
        }
    }

    /// The last things, in order: the play is over, the queue is saved.
    pub(super) async fn close(&mut self) {
        // Unloading is never refused.
        let _ = self.give(Input::Unload);
        self.save_now().await;
        while self.recording.join_next().await.is_some() {}
        self.engine(Command::Stop);
    }

    /// Puts one listener's queue away and takes another's out.
    pub(super) async fn change_owner(&mut self) {
        let owner = self.parts.owner.borrow_and_update().clone();
        if owner == self.owner {
            return;
        }
        let _ = self.give(Input::Unload);
        self.save_now().await;
        self.owner.clone_from(&owner);
        self.shown = None;
        self.may_save_queue = true;
        let stored = match owner {
            None => None,
            Some(owner) => self.stored_queue(owner).await,
        };
        let snapshot = stored.map(at_its_position).unwrap_or_default();
        self.player = self.player.succeeded_by(&snapshot);
        let view = self.player.view(now_ms());
        self.saved = Saved {
            revision: view.revision,
            repeat: view.repeat,
            position: view.current.map(|entry| (entry.id, view.position_ms)),
            volume: self.saved.volume,
        };
        self.fill_shelf(&snapshot).await;
        self.tell(ipc::Event::Queue { revision: view.revision });
        self.tell_player();
        if self.owner.is_some() {
            self.preload();
        } else {
            self.parts.engine.cool();
        }
    }

    /// What was saved of a listener's queue. What cannot be read is never written over: it is put
    /// aside where it makes no sense, and left alone where the disk does not answer.
    async fn stored_queue(&mut self, owner: String) -> Option<StoredQueue<Snapshot>> {
        let (store, of) = (self.parts.store.clone(), owner.clone());
        let error = match blocking(move || store.queue(&of)).await {
            Ok(stored) => return stored,
            Err(error) => error,
        };
        tracing::error!(error = &error as &dyn std::error::Error, "the queue was not read");
        let store = self.parts.store.clone();
        let is_aside = matches!(error, local_store::Error::Json { .. })
            && blocking(move || store.set_queue_aside(&owner)).await.is_ok();
        self.may_save_queue = is_aside;
        let hint = if is_aside {
            "It was put aside on this device, and the queue starts empty."
        } else {
            "It is left as it was saved last. What you change now is not saved; start MelodyUD again."
        };
        self.notify(Severity::Warning, "Your queue could not be read.", hint);
        None
    }

    /// Has the tracks at hand that are shown or played first.
    async fn fill_shelf(&self, snapshot: &Snapshot) {
        let first = snapshot.current.iter().chain(&snapshot.front).chain(&snapshot.rest);
        let ids: Vec<TrackId> = first.take(100).map(|entry| entry.track).collect();
        if let Err(fault) = self.parts.tracks.local(&ids).await {
            tracing::debug!(message = fault.message, "no tracks at hand");
        }
    }

    /// As soon as the session is back, the current track is loaded, so that it starts at once.
    fn preload(&self) {
        let (server, asks) = (std::sync::Arc::clone(&self.parts.server), self.asks.clone());
        if let Ok(url) = server.url("/jwks.json") {
            self.parts.engine.prewarm(url);
        }
        tokio::spawn(async move {
            if let Err(fault) = server.token(None).await {
                tracing::debug!(message = fault.message, "nothing is loaded ahead");
                return;
            }
            if let Some(asks) = asks.upgrade() {
                let (done, _) = tokio::sync::oneshot::channel();
                // A player that has closed loads nothing.
                let _ = asks.send(Ask::Give { input: Input::Preload, done }).await;
            }
        });
    }
}

fn has_moved(before: Option<(EntryId, u64)>, now: Option<(EntryId, u64)>) -> bool {
    match (before, now) {
        (Some((before, before_ms)), Some((now, now_ms))) => {
            // A jump back to the start is small only at the start.
            before != now || before_ms.abs_diff(now_ms) >= STEP_MS || (now_ms == 0 && before_ms > 0)
        }
        (before, now) => before != now,
    }
}

/// The position is saved oftener than the queue.
fn at_its_position(stored: StoredQueue<Snapshot>) -> Snapshot {
    let mut snapshot = stored.snapshot;
    let current = snapshot.current.map(|entry| entry.id);
    if let Some((entry, position_ms)) = stored.position
        && Some(entry) == current
    {
        snapshot.position_ms = position_ms;
    }
    snapshot
}
