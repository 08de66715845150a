//! Whether the server answers.

use std::{sync::Arc, time::Duration};

use ipc::{Event, Fault};
use tokio::sync::watch;
use url::Url;

use super::Server;
use crate::{address, fault};

/// Between two looks at whether a silent server is back.
const BACKOFF_MS: [u64; 6] = [500, 1_000, 2_000, 5_000, 10_000, 20_000];

impl Server {
    pub fn is_online(&self) -> bool {
        *self.is_online.borrow()
    }

    pub fn online(&self) -> watch::Receiver<bool> {
        self.is_online.subscribe()
    }

    /// What became of a request without an answer.
    pub(super) fn unreachable(&self, url: &Url, error: &reqwest::Error) -> Fault {
        tracing::info!(error = %error, cause = ?std::error::Error::source(error), "no answer");
        // A wrong address at sign-in says nothing about the server in use.
        let is_ours = self.signed().server.as_ref().is_none_or(|own| own.origin() == url.origin());
        if is_ours {
            self.set_online(false);
        }
        fault::offline(&address::host(url))
    }

    pub(super) fn seen_online(&self) {
        self.set_online(true);
    }

    fn set_online(&self, is_online: bool) {
        let has_changed = self.is_online.send_if_modified(|now| {
            let has_changed = *now != is_online;
            *now = is_online;
            has_changed
        });
        if has_changed {
            tracing::info!(is_online, "the connection to the server changed");
            self.news.tell(Event::Connection { is_online });
        }
    }

    /// Looks after a silent server until it is back; runs as long as anybody holds the server.
    pub async fn watch_connection(this: std::sync::Weak<Self>) {
        let Some(mut online) = this.upgrade().map(|server| server.online()) else { return };
        while online.wait_for(|is_online| !is_online).await.is_ok() {
            for backoff_ms in BACKOFF_MS.into_iter().chain(std::iter::repeat(20_000)) {
                tokio::time::sleep(Duration::from_millis(backoff_ms)).await;
                let Some(server) = this.upgrade() else { return };
                if server.is_online() || server.probe().await {
                    server.finish_renewal().await;
                    break;
                }
            }
        }
    }

    async fn probe(self: &Arc<Self>) -> bool {
        // Any answer will do, and keys lie open.
        let Ok(url) = self.url("/jwks.json") else {
            self.set_online(true);
            return true;
        };
        let answers = self.http.get(url).timeout(Duration::from_secs(5)).send().await.is_ok();
        self.set_online(answers);
        answers
    }
}
