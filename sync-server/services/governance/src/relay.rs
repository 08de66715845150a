//! From the outbox of the services into the log.
//!
//! An act is appended first and settled then. Wherever a crash comes between, it is appended
//! again, which the log knows by its id: each act is recorded exactly once.

use std::{sync::Arc, time::Duration};

use domain::audit::{Act, TOPIC};
use engine_sql::outbox::{self, Message};
use tokio_util::sync::CancellationToken;

use crate::{Error, Service};

/// Acts moved at a time.
const BATCH_ACTS: u32 = 500;

/// How long to wait for a call before looking anyway: services that run elsewhere do not call.
const ROUND: Duration = Duration::from_secs(3);

/// After a failure: doubling from the first to the last.
const PAUSE_MIN: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(30);

impl Service {
    /// There is something in the outbox: [`Service::run`] looks at once.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Moves acts from the outbox into the log until `stopping`. Failures are logged and tried
    /// again.
    pub async fn run(self: Arc<Self>, stopping: CancellationToken) {
        let mut pause = PAUSE_MIN;
        while !stopping.is_cancelled() {
            match self.relay().await {
                Ok(_) => {
                    pause = PAUSE_MIN;
                    tokio::select! {
                        () = stopping.cancelled() => return,
                        () = self.wake.notified() => {}
                        () = tokio::time::sleep(ROUND) => {}
                    }
                }
                Err(error) => {
                    tracing::error!(
                        error = web::error::chain(&error),
                        "acts wait in the outbox; trying again"
                    );
                    // Calls do not shorten this: what failed would fail once more for each.
                    tokio::select! {
                        () = stopping.cancelled() => return,
                        () = tokio::time::sleep(pause) => {}
                    }
                    pause = PAUSE_MAX.min(pause * 2);
                }
            }
        }
    }

    /// Moves all that is in the outbox now. Answers how many acts that were.
    pub async fn relay(&self) -> Result<u64, Error> {
        let mut n_moved = 0;
        loop {
            let messages = outbox::pending(self.store.db(), TOPIC, BATCH_ACTS).await?;
            if messages.is_empty() {
                return Ok(n_moved);
            }
            n_moved += self.relay_batch(&messages).await?;
        }
    }

    async fn relay_batch(&self, messages: &[Message]) -> Result<u64, Error> {
        let (mut acts, mut ids) = (Vec::new(), Vec::new());
        for message in messages {
            if let Ok(act) = serde_json::from_str::<Act>(&message.body) {
                acts.push(act);
                ids.push(&message.id);
            } else {
                // Ours to mend, but no reason to stop recording what others do.
                tracing::error!(message.id, "what waits in the outbox is no act; set aside");
                outbox::set_aside(self.store.db(), TOPIC, message).await?;
            }
        }
        let n_acts = acts.len() as u64;
        self.append(acts).await?;
        outbox::settle(self.store.db(), TOPIC, &ids).await?;
        Ok(n_acts)
    }
}
