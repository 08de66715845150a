//! What all HTTP sources share: the client, the runtime and the cache of finished ones.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use reqwest::redirect;
use tokio::runtime::{Handle, Runtime};
use url::Url;

use super::{Authorize, Remote};
use crate::StartError;

/// Connections kept open to a server without use.
const MAX_IDLE: usize = 3;
/// Connections opened ahead: one to play from, one for the seek that cuts the first off.
const N_WARM: usize = 2;
/// Redirects followed in a row.
const MAX_REDIRECTS: usize = 5;
/// How long a request that is just being made has to take the open connection.
const WARM_DELAY: Duration = Duration::from_millis(50);
/// How long a connection without use stays open, and how often those ahead are used to keep them.
const MAX_IDLE_TIME: Duration = Duration::from_secs(90);
const WARM_EVERY: Duration = Duration::from_mins(1);

/// Opens sources and keeps finished ones.
#[derive(Debug)]
pub struct Sources {
    client: reqwest::Client,
    handle: Handle,
    source_bytes: usize,
    cache_bytes: usize,
    /// Complete sources, last used at the back.
    cache: Mutex<VecDeque<Arc<Remote>>>,
    warm_url: Mutex<Option<Url>>,
    is_keeping_warm: AtomicBool,
}

impl Sources {
    pub fn new(
        runtime: &Runtime,
        source_bytes: usize,
        cache_bytes: usize,
    ) -> Result<Arc<Self>, StartError> {
        let client = reqwest::Client::builder()
            .http1_only()
            .connect_timeout(Duration::from_secs(5))
            .pool_max_idle_per_host(MAX_IDLE)
            .pool_idle_timeout(MAX_IDLE_TIME)
            .tcp_nodelay(true)
            .redirect(redirect::Policy::custom(same_origin))
            .build()
            .map_err(StartError::Http)?;
        Ok(Arc::new(Self {
            client,
            handle: runtime.handle().clone(),
            source_bytes,
            cache_bytes,
            cache: Mutex::default(),
            warm_url: Mutex::default(),
            is_keeping_warm: AtomicBool::new(false),
        }))
    }

    /// The source of `url`: the cached one where it is complete, else a new one that is already
    /// being fetched from its first byte.
    pub fn open(self: &Arc<Self>, url: &Url, authorize: &Arc<dyn Authorize>) -> Arc<Remote> {
        if let Some(cached) = self.cached(url) {
            return cached;
        }
        let remote = Remote::new(
            url.clone(),
            Arc::clone(authorize),
            Arc::downgrade(self),
            self.source_bytes,
        );
        remote.ensure_fetch(0);
        remote
    }

    /// Keeps a complete source for playing it again, and drops those used longest ago.
    pub fn keep(&self, remote: Arc<Remote>) {
        let mut cache = lock(&self.cache);
        cache.retain(|kept| kept.url() != remote.url());
        cache.push_back(remote);
        let mut size: usize = cache.iter().map(|kept| kept.size_bytes()).sum();
        while size > self.cache_bytes
            && let Some(dropped) = cache.pop_front()
        {
            size = size.saturating_sub(dropped.size_bytes());
        }
    }

    fn cached(&self, url: &Url) -> Option<Arc<Remote>> {
        let mut cache = lock(&self.cache);
        let index = cache.iter().position(|kept| kept.url() == url)?;
        let remote = cache.remove(index)?;
        cache.push_back(Arc::clone(&remote));
        Some(remote)
    }

    /// Opens connections by small requests to `url`, and keeps them open.
    pub fn warm(self: &Arc<Self>, url: Url) {
        *lock(&self.warm_url) = Some(url);
        self.warm_after(Duration::ZERO);
        if self.is_keeping_warm.swap(true, Ordering::SeqCst) {
            return;
        }
        let this = Arc::downgrade(self);
        self.handle.spawn(async move {
            loop {
                tokio::time::sleep(WARM_EVERY).await;
                let Some(sources) = this.upgrade() else { return };
                sources.warm_after(Duration::ZERO);
            }
        });
    }

    /// Opens no more connections ahead.
    pub fn cool(&self) {
        *lock(&self.warm_url) = None;
    }

    /// Replaces a connection that was cut off, if a URL for that is known; a little later, so
    /// that the request that is made now gets the one that is still open.
    pub fn warm_again(&self) {
        self.warm_after(WARM_DELAY);
    }

    /// The requests run at once: a single one would only borrow a connection that is open.
    fn warm_after(&self, delay: Duration) {
        let Some(url) = lock(&self.warm_url).clone() else { return };
        for _ in 0..N_WARM {
            let request = self.client.head(url.clone()).timeout(Duration::from_secs(5));
            self.handle.spawn(async move {
                tokio::time::sleep(delay).await;
                if let Err(error) = request.send().await {
                    tracing::debug!(
                        error = &error as &dyn std::error::Error,
                        "no connection ahead"
                    );
                }
            });
        }
    }

    pub(super) fn client(&self) -> &reqwest::Client {
        &self.client
    }

    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }
}

/// Follows redirects within one origin only: music and tokens go nowhere else.
fn same_origin(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let is_same =
        attempt.previous().last().is_some_and(|last| last.origin() == attempt.url().origin());
    if is_same && attempt.previous().len() <= MAX_REDIRECTS {
        attempt.follow()
    } else {
        attempt.stop()
    }
}

/// Sources as a running fetch sees them: it must not keep them alive.
pub type Owner = Weak<Sources>;

/// Locks; a panic elsewhere does not take the bytes down with it.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
