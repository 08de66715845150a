//! Plays on their way to the server: kept until it has them, possibly days.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use api::plays::{PLAY_COUNTS_AFTER_MS, PLAYS_PER_REPORT_MAX, Play, PlayReceipt, PlayReport};
use ipc::{Fault, FaultKind};
use local_store::{Store, StoredPlay};
use tokio::sync::Notify;

use crate::{
    clock::blocking,
    fault,
    server::{Request, Server},
};

const _: () = assert!(player_core::COUNTS_AFTER_MS == PLAY_COUNTS_AFTER_MS);

/// After a report that failed for another reason than silence.
const RETRY: Duration = Duration::from_mins(1);

/// Reports what the outbox holds, whenever there is something and the server answers. Ends with
/// the server.
pub(crate) async fn report_all(server: Weak<Server>, store: Store, wake: Arc<Notify>) {
    let Some((mut online, mut owner)) = server.upgrade().map(|s| (s.online(), s.owner())) else {
        return;
    };
    loop {
        let Some(now) = server.upgrade() else { return };
        let pause = match report(&now, &store).await {
            Ok(()) => None,
            Err(fault) if fault.kind == FaultKind::Offline => None,
            Err(fault) => {
                tracing::warn!(message = fault.message, "plays were not reported");
                Some(RETRY)
            }
        };
        drop(now);
        let retry = async {
            match pause {
                Some(pause) => tokio::time::sleep(pause).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = wake.notified() => {}
            () = retry => {}
            changed = online.changed() => if changed.is_err() { return },
            changed = owner.changed() => if changed.is_err() { return },
        }
    }
}

async fn report(server: &Server, store: &Store) -> Result<(), Fault> {
    let Ok(owner) = server.owner_now() else { return Ok(()) };
    loop {
        let (from, of) = (store.clone(), owner.clone());
        let limit = u32::try_from(PLAYS_PER_REPORT_MAX).unwrap_or(u32::MAX);
        let plays = blocking(move || from.outbox(&of, limit))
            .await
            .map_err(|error| fault::device(&error))?;
        if plays.is_empty() {
            return Ok(());
        }
        let body = PlayReport { plays: plays.iter().map(play).collect() };
        let receipt = server.json::<PlayReceipt>(Request::post("/plays", &body)?).await;
        match receipt {
            Ok(receipt) => tracing::debug!(receipt.n_accepted, receipt.n_ignored, "plays reported"),
            // It will never be taken; kept in the history all the same.
            Err(fault) if fault.kind == FaultKind::Invalid => {
                tracing::error!(message = fault.message, "the server refused plays");
            }
            Err(fault) => return Err(fault),
        }
        let ids: Vec<_> = plays.iter().map(|play| play.id).collect();
        let to = store.clone();
        blocking(move || to.plays_reported(&ids)).await.map_err(|error| fault::device(&error))?;
    }
}

fn play(stored: &StoredPlay) -> Play {
    Play {
        id: stored.id,
        track_id: stored.track,
        started_at_us: stored.started_at_us,
        listened_ms: stored.listened_ms,
    }
}
