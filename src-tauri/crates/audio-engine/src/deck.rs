//! One open item, decoded ahead on a thread of its own into a bounded queue.

mod decode;
mod edits;
mod flac;
mod ogg;
mod start;

use std::{
    collections::VecDeque,
    fs::File,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock},
    thread,
};

use crate::{
    Item, Source,
    engine::Waker,
    source::{Bytes, Interrupt, Problem, Remote, Sources, lock},
};
pub use decode::Aim;
use decode::Decode;

/// Sound decoded ahead at most, in milliseconds.
const AHEAD_MS: u64 = 1_500;

/// A stretch of decoded sound, interleaved, in the item's own rate and layout.
#[derive(Clone, Debug, Default)]
pub struct Chunk {
    pub samples: Vec<f32>,
    pub channels: u16,
    pub sample_rate: u32,
    /// Index of the first frame in the item.
    pub position: u64,
}

impl Chunk {
    fn duration_ms(&self) -> u64 {
        let n_frames = self.samples.len() as u64 / u64::from(self.channels.max(1));
        n_frames * 1000 / u64::from(self.sample_rate.max(1))
    }
}

/// Why no more sound comes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum End {
    /// That was all of it.
    Whole,
    Failed(String),
}

/// What a deck has to give.
#[derive(Debug)]
pub enum Take {
    Chunk(Chunk),
    /// Nothing yet.
    Nothing,
    End(End),
}

#[derive(Debug, Default)]
struct State {
    chunks: VecDeque<Chunk>,
    queued_ms: u64,
    /// Counts seeks, so that sound from before one is not taken for sound after it.
    epoch: u64,
    seek: Option<(u64, Aim)>,
    is_closed: bool,
    /// No more chunks will come.
    end: Option<End>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    interrupt: Interrupt,
    remote: OnceLock<Arc<Remote>>,
}

/// An open item. Dropping it stops its thread.
#[derive(Debug)]
pub struct Deck {
    item: Item,
    shared: Arc<Shared>,
}

impl Drop for Deck {
    fn drop(&mut self) {
        let mut state = lock(&self.shared.state);
        state.is_closed = true;
        self.disturb(state);
    }
}

impl Deck {
    /// Opens an item and starts decoding at `position_ms`.
    pub fn start(
        item: Item,
        position_ms: u64,
        sources: &Arc<Sources>,
        waker: &Waker,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::default());
        // What is loaded in the middle was left there: it goes on to the sample.
        lock(&shared.state).seek = (position_ms > 0).then_some((position_ms, Aim::Exact));
        if let Source::Http { url, authorize } = &item.source {
            // Asked for before the thread runs: the first byte is what a start waits for.
            shared.remote.get_or_init(|| sources.open(url, authorize));
        }
        let worker =
            Worker { item: item.clone(), shared: Arc::clone(&shared), waker: waker.clone() };
        thread::Builder::new().name("audio-decode".to_owned()).spawn(move || worker.run())?;
        Ok(Self { item, shared })
    }

    pub fn item(&self) -> &Item {
        &self.item
    }

    pub fn set_gain_db(&mut self, gain_db: f32) {
        self.item.gain_db = gain_db;
    }

    /// Takes the next stretch, if it is decoded already.
    pub fn take(&self) -> Take {
        let mut state = lock(&self.shared.state);
        if let Some(chunk) = state.chunks.pop_front() {
            state.queued_ms = state.queued_ms.saturating_sub(chunk.duration_ms());
            self.shared.changed.notify_one();
            return Take::Chunk(chunk);
        }
        match &state.end {
            None => Take::Nothing,
            Some(end) => Take::End(end.clone()),
        }
    }

    /// Goes on at another position; what was decoded is dropped.
    pub fn seek(&self, position_ms: u64, aim: Aim) {
        let mut state = lock(&self.shared.state);
        state.epoch += 1;
        state.seek = Some((position_ms, aim));
        state.chunks.clear();
        state.queued_ms = 0;
        state.end = None;
        self.disturb(state);
    }

    /// Why bytes do not come at the moment, if they do not.
    pub fn problem(&self) -> Option<String> {
        match self.shared.remote.get()?.problem()? {
            Problem::Passing(reason) | Problem::Final(reason) => Some(reason),
        }
    }

    /// How much of the item is here from where it is read, in milliseconds.
    pub fn buffered_ms(&self) -> u64 {
        let share = self.shared.remote.get().map_or(1.0, |remote| remote.buffered());
        (share * self.item.duration_ms as f64) as u64
    }

    /// Breaks off what the worker does. Under the lock, for the worker lifts the interrupt under
    /// it when it takes its next order: set any later, it would break off that one.
    fn disturb(&self, state: MutexGuard<'_, State>) {
        self.shared.interrupt.set(true);
        drop(state);
        self.shared.changed.notify_all();
        if let Some(remote) = self.shared.remote.get() {
            remote.wake();
        }
    }
}

/// The decoding side.
struct Worker {
    item: Item,
    shared: Arc<Shared>,
    waker: Waker,
}

/// What the worker is to do next.
enum Order {
    Seek(u64, Aim),
    Decode,
    Close,
}

/// What came of an order.
enum Outcome {
    IsThere,
    Chunk(Chunk),
    End,
}

impl Worker {
    fn run(self) {
        let mut decode = None;
        loop {
            let (order, epoch) = self.next_order();
            let outcome = match order {
                Order::Close => return,
                Order::Seek(position_ms, aim) => self.guarded(&mut decode, |decode| {
                    decode.seek(position_ms, aim).map(|()| Outcome::IsThere)
                }),
                Order::Decode => self.guarded(&mut decode, |decode| {
                    Ok(decode.next()?.map_or(Outcome::End, Outcome::Chunk))
                }),
            };
            self.report(outcome, epoch);
        }
    }

    /// Waits until there is room for more sound, or something else to do.
    fn next_order(&self) -> (Order, u64) {
        let mut state = lock(&self.shared.state);
        loop {
            if state.is_closed {
                return (Order::Close, state.epoch);
            }
            // Lifted under the lock: a seek that comes later sets it again.
            self.shared.interrupt.set(false);
            if let Some((position_ms, aim)) = state.seek.take() {
                return (Order::Seek(position_ms, aim), state.epoch);
            }
            if state.end.is_none() && state.queued_ms < AHEAD_MS {
                return (Order::Decode, state.epoch);
            }
            state =
                self.shared.changed.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
    }

    /// Runs decoder code, which meets bytes from strangers: a panic there is a failed item.
    fn guarded(
        &self,
        decode: &mut Option<Decode>,
        run: impl FnOnce(&mut Decode) -> Result<Outcome, String>,
    ) -> Result<Outcome, String> {
        let result = catch_unwind(AssertUnwindSafe(|| {
            let decode = match decode {
                Some(decode) => decode,
                None => decode.insert(self.open()?),
            };
            run(decode)
        }));
        result.unwrap_or_else(|_| {
            *decode = None;
            Err("the file is damaged in a way that its decoder cannot handle".to_owned())
        })
    }

    fn open(&self) -> Result<Decode, String> {
        let bytes = match &self.item.source {
            Source::File(path) => Bytes::File(Arc::new(
                File::open(path).map_err(|error| format!("the file cannot be opened: {error}"))?,
            )),
            Source::Http { .. } => {
                Bytes::Remote(Arc::clone(self.shared.remote.get().ok_or("the source is gone")?))
            }
        };
        Decode::open(
            bytes,
            self.shared.interrupt.clone(),
            &self.item.content_type,
            self.item.duration_ms,
        )
    }

    fn report(&self, outcome: Result<Outcome, String>, epoch: u64) {
        let mut state = lock(&self.shared.state);
        if state.epoch != epoch || state.is_closed {
            return;
        }
        match outcome {
            Ok(Outcome::IsThere) => return,
            Ok(Outcome::Chunk(chunk)) => {
                state.queued_ms += chunk.duration_ms();
                state.chunks.push_back(chunk);
            }
            Ok(Outcome::End) => state.end = Some(End::Whole),
            Err(reason) => state.end = Some(End::Failed(reason)),
        }
        let is_first = state.chunks.len() <= 1;
        drop(state);
        if is_first {
            self.waker.wake();
        }
    }
}
