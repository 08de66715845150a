//! One file on a server, as far as it has arrived.

use std::{
    fmt,
    sync::{Arc, Condvar, Mutex},
    time::Duration,
};

use tokio::{sync::Notify, task::AbortHandle};
use url::Url;

use super::{
    Authorize, Interrupt,
    blocks::Blocks,
    fetch,
    sources::{Owner, lock},
};

/// A read this close ahead of what is arriving waits for it; one farther asks anew.
const PATIENCE_BYTES: u64 = 48 * 1024;
/// A blocked read looks this often whether it was interrupted, should a wake-up be missed.
const NAP: Duration = Duration::from_millis(100);

/// A hole up to this size that a picture or a seek left is filled when all behind it is here: then
/// the file is whole, and playing it again costs nothing.
const MAX_FILL: u64 = 4 << 20;

/// Why bytes do not come.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Problem {
    /// Tried again until it works.
    Passing(String),
    /// Given up.
    Final(String),
}

/// The running request.
#[derive(Debug)]
struct Fetch {
    id: u64,
    /// Position of the next byte to arrive.
    pos: u64,
    task: AbortHandle,
}

#[derive(Debug, Default)]
struct State {
    blocks: Blocks,
    size_bytes: Option<u64>,
    etag: Option<String>,
    fetch: Option<Fetch>,
    n_fetches: u64,
    reading_at: u64,
    problem: Option<Problem>,
}

impl State {
    fn is_complete(&self) -> bool {
        self.size_bytes.is_some_and(|size| self.blocks.end_from(0) >= size)
    }

    /// Where the first hole starts, if filling it makes sense.
    fn hole(&self, max_bytes: usize) -> Option<u64> {
        let size = self.size_bytes.filter(|size| *size <= max_bytes as u64)?;
        let start = self.blocks.end_from(0);
        let len = self.blocks.next_from(start).unwrap_or(size).saturating_sub(start);
        (1..=MAX_FILL).contains(&len).then_some(start)
    }
}

/// One file on a server. At most one request runs for it at a time.
pub struct Remote {
    url: Url,
    authorize: Arc<dyn Authorize>,
    owner: Owner,
    max_bytes: usize,
    state: Mutex<State>,
    arrived: Condvar,
    pub(super) room: Notify,
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("url", &self.url.path()).finish_non_exhaustive()
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        if let Some(fetch) = &lock(&self.state).fetch {
            fetch.task.abort();
            // Its connection is cut off with it.
            if let Some(sources) = self.owner.upgrade() {
                sources.warm_again();
            }
        }
    }
}

impl Remote {
    pub(super) fn new(
        url: Url,
        authorize: Arc<dyn Authorize>,
        owner: Owner,
        max_bytes: usize,
    ) -> Arc<Self> {
        Arc::new(Self {
            url,
            authorize,
            owner,
            max_bytes,
            state: Mutex::default(),
            arrived: Condvar::new(),
            room: Notify::new(),
        })
    }

    pub fn url(&self) -> &Url {
        &self.url
    }

    pub fn size_bytes(&self) -> usize {
        lock(&self.state).blocks.size_bytes()
    }

    /// Everything is here, so that seeking costs no request.
    pub fn is_complete(&self) -> bool {
        lock(&self.state).is_complete()
    }

    /// Everything from `from` to `to`, or to the end of the file, is here.
    pub fn holds(&self, from: u64, to: u64) -> bool {
        let state = lock(&self.state);
        state.size_bytes.is_some_and(|size| state.blocks.end_from(from) >= to.min(size))
    }

    pub fn problem(&self) -> Option<Problem> {
        lock(&self.state).problem.clone()
    }

    /// Size of the file, as soon as the server has said it.
    pub fn file_size(&self) -> Option<u64> {
        lock(&self.state).size_bytes
    }

    /// Share of the file that is here without a hole from where it is being read, 0 to 1.
    pub fn buffered(&self) -> f64 {
        let state = lock(&self.state);
        match state.size_bytes {
            Some(size) if size > 0 => {
                state.blocks.end_from(state.reading_at).min(size) as f64 / size as f64
            }
            _ => 0.0,
        }
    }

    /// Wakes reads that wait, so that they see an interrupt.
    pub fn wake(&self) {
        self.arrived.notify_all();
    }

    /// Copies bytes at `pos`, waiting for them; 0 at the end of the file.
    pub fn read(
        self: &Arc<Self>,
        pos: u64,
        out: &mut [u8],
        interrupt: &Interrupt,
    ) -> Result<usize, String> {
        let mut state = lock(&self.state);
        loop {
            if interrupt.is_set() {
                return Err("interrupted".to_owned());
            }
            if out.is_empty() || state.size_bytes.is_some_and(|size| pos >= size) {
                return Ok(0);
            }
            state.reading_at = pos;
            let n = state.blocks.read(pos, out);
            if n > 0 {
                state.reading_at = pos + n as u64;
                self.room.notify_one();
                return Ok(n);
            }
            if let Some(Problem::Final(reason)) = &state.problem {
                return Err(reason.clone());
            }
            self.fetch_for(&mut state, pos)?;
            state = match self.arrived.wait_timeout(state, NAP) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }

    /// Makes sure that the byte at `pos` is on its way.
    pub fn ensure_fetch(self: &Arc<Self>, pos: u64) {
        let mut state = lock(&self.state);
        // Without sources to fetch by the engine is shutting down.
        drop(self.fetch_for(&mut state, pos));
    }

    fn fetch_for(self: &Arc<Self>, state: &mut State, pos: u64) -> Result<(), String> {
        let is_coming = state
            .fetch
            .as_ref()
            .is_some_and(|fetch| fetch.pos <= pos && pos - fetch.pos <= PATIENCE_BYTES);
        if is_coming {
            return Ok(());
        }
        let sources = self.owner.upgrade().ok_or("the audio engine is shutting down")?;
        if let Some(old) = state.fetch.take() {
            old.task.abort();
            sources.warm_again();
        }
        state.n_fetches += 1;
        let id = state.n_fetches;
        let job = fetch::Job {
            remote: Arc::downgrade(self),
            id,
            client: sources.client().clone(),
            url: self.url.clone(),
            authorize: Arc::clone(&self.authorize),
        };
        let task = sources.handle().spawn(fetch::run(job, pos)).abort_handle();
        state.fetch = Some(Fetch { id, pos, task });
        Ok(())
    }

    /// The entity tag that further parts must carry.
    pub(super) fn etag(&self) -> Option<String> {
        lock(&self.state).etag.clone()
    }

    /// Notes what an answer says about the whole file; an error if it is another file by now.
    pub(super) fn describe(
        &self,
        size_bytes: Option<u64>,
        etag: Option<String>,
    ) -> Result<(), String> {
        let mut state = lock(&self.state);
        let is_other = |old: bool, new: bool, same: bool| old && new && !same;
        if is_other(state.etag.is_some(), etag.is_some(), state.etag == etag)
            || is_other(
                state.size_bytes.is_some(),
                size_bytes.is_some(),
                state.size_bytes == size_bytes,
            )
        {
            return Err("the file changed on the server while it was playing".to_owned());
        }
        state.size_bytes = state.size_bytes.or(size_bytes);
        state.etag = state.etag.take().or(etag);
        Ok(())
    }

    /// Takes bytes of request `id`; `None` when it was replaced. Otherwise says where the next
    /// missing byte is, and how far ahead of the reading that lies.
    pub(super) fn store(&self, id: u64, pos: u64, bytes: &[u8]) -> Option<(u64, u64)> {
        let mut state = lock(&self.state);
        if state.fetch.as_ref().is_none_or(|fetch| fetch.id != id) {
            return None;
        }
        state.blocks.write(pos, bytes);
        let reading_at = state.reading_at;
        state.blocks.shrink(self.max_bytes, reading_at);
        let next = pos + bytes.len() as u64;
        if let Some(fetch) = &mut state.fetch {
            fetch.pos = next;
        }
        state.problem = None;
        self.arrived.notify_all();
        Some((state.blocks.end_from(next), next.saturating_sub(reading_at)))
    }

    /// How far `pos` is ahead of the reading.
    pub(super) fn lead(&self, pos: u64) -> u64 {
        pos.saturating_sub(lock(&self.state).reading_at)
    }

    /// How far ahead of the reading bytes are fetched.
    pub(super) fn max_lead(&self) -> u64 {
        self.max_bytes as u64 / 2
    }

    /// Request `id` has nothing more to bring: what lies behind is here, or the file ends.
    pub(super) fn finish(self: &Arc<Self>, id: u64, end: Option<u64>) {
        let mut state = lock(&self.state);
        if state.fetch.as_ref().is_none_or(|fetch| fetch.id != id) {
            return;
        }
        state.fetch = None;
        state.size_bytes = state.size_bytes.or(end);
        let is_complete = state.is_complete();
        if let Some(start) = state.hole(self.max_bytes) {
            // Without sources to fetch by the engine is shutting down.
            drop(self.fetch_for(&mut state, start));
        }
        drop(state);
        self.arrived.notify_all();
        if is_complete && let Some(sources) = self.owner.upgrade() {
            sources.keep(Arc::clone(self));
        }
    }

    /// Request `id` has a problem; a final one ends it.
    pub(super) fn fail(&self, id: u64, problem: Problem) {
        let mut state = lock(&self.state);
        if state.fetch.as_ref().is_some_and(|fetch| fetch.id == id) {
            if matches!(problem, Problem::Final(_)) {
                state.fetch = None;
            }
            state.problem = Some(problem);
            self.arrived.notify_all();
        }
    }
}
