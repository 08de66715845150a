//! What runs by itself: exports are made, erasures done, the old dropped. Whatever is cut off
//! goes on at the next start.

use std::{sync::Arc, time::Duration};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::{Error, Service};

/// How long to wait for a call before looking anyway, and between tries.
const ROUND: Duration = Duration::from_secs(20);

impl Service {
    /// Works until `stopping`. An export that takes long holds up no erasure.
    pub async fn run(self: Arc<Self>, stopping: CancellationToken) {
        log(self.exports_sweep().await, "files of exports that were cut off are still there");
        let exports =
            async { while round(&stopping, &self.export_asked, self.exports_round()).await {} };
        let others =
            async { while round(&stopping, &self.erasure_asked, self.others_round()).await {} };
        tokio::join!(exports, others);
    }

    async fn exports_round(&self) {
        log(self.exports_make().await, "exports wait");
        // An erasure waits for the export of the same person.
        self.erasure_asked.notify_one();
    }

    async fn others_round(&self) {
        log(self.exports_expire().await, "old exports are still there");
        log(self.erasures_do().await, "erasures wait");
        log(self.retention_nightly().await, "retention did not do all");
    }
}

/// Works, then waits for a call or for some time. Whether there is a next round. What is dropped
/// in the middle is begun anew.
async fn round(
    stopping: &CancellationToken,
    asked: &Notify,
    work: impl Future<Output = ()>,
) -> bool {
    tokio::select! {
        () = stopping.cancelled() => return false,
        () = work => {}
    }
    tokio::select! {
        () = stopping.cancelled() => false,
        () = asked.notified() => true,
        () = tokio::time::sleep(ROUND) => true,
    }
}

fn log(done: Result<(), Error>, what: &'static str) {
    if let Err(error) = done {
        tracing::error!(error = web::error::chain(&error), "{what}");
    }
}
