//! The engine's handle and its thread.

mod state;
mod waker;

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
    thread,
};

use tokio::{runtime::Runtime, sync::mpsc};
use url::Url;

use crate::{Command, Config, Event, output::Port, source::Sources};
use state::State;
pub use waker::Waker;

/// Commands that may wait; more are refused.
const MAX_COMMANDS: usize = 256;
/// Events that may wait to be read; more wait inside, and old positions are dropped.
const MAX_EVENTS: usize = 1_024;

/// Why an engine did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("a thread of the audio engine could not be started")]
    Thread(#[source] io::Error),
    #[error("the audio engine's HTTP client could not be set up")]
    Http(#[source] reqwest::Error),
}

/// Why a command was not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SendError {
    /// Too many commands wait already; try again.
    #[error("the audio engine has too many commands waiting")]
    Full,
    #[error("the audio engine has stopped")]
    Stopped,
}

/// A running engine; dropping the last clone shuts it down.
#[derive(Clone, Debug)]
pub struct Engine(Arc<Handle>);

#[derive(Debug)]
struct Handle {
    commands: SyncSender<Command>,
    waker: Waker,
    is_over: Arc<AtomicBool>,
    sources: Arc<Sources>,
    thread: Option<thread::JoinHandle<()>>,
    runtime: Option<Runtime>,
}

impl Engine {
    /// Starts the threads. A rustls crypto provider must be installed. A missing device is not
    /// an error here but an [`Event::NoDevice`].
    pub fn start(config: Config) -> Result<(Self, mpsc::Receiver<Event>), StartError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("audio-net")
            .enable_all()
            .build()
            .map_err(StartError::Thread)?;
        let sources = Sources::new(&runtime, config.source_bytes, config.cache_bytes)?;
        let (commands, inbox) = sync_channel(MAX_COMMANDS);
        let (events, outbox) = mpsc::channel(MAX_EVENTS);
        let waker = Waker::default();
        let is_over = Arc::new(AtomicBool::new(false));
        let port = Port::open(config.output, waker.clone()).map_err(StartError::Thread)?;
        let state = State::new(Arc::clone(&sources), port, waker.clone(), events, config.volume);
        let over = Arc::clone(&is_over);
        let thread = thread::Builder::new()
            .name("audio-engine".to_owned())
            .spawn(move || state.run(&inbox, &over))
            .map_err(StartError::Thread)?;
        let handle = Handle {
            commands,
            waker,
            is_over,
            sources,
            thread: Some(thread),
            runtime: Some(runtime),
        };
        Ok((Self(Arc::new(handle)), outbox))
    }

    /// Queues a command without blocking.
    pub fn send(&self, command: Command) -> Result<(), SendError> {
        self.0.commands.try_send(command).map_err(|error| match error {
            TrySendError::Full(_) => SendError::Full,
            TrySendError::Disconnected(_) => SendError::Stopped,
        })?;
        self.0.waker.wake();
        Ok(())
    }

    /// Opens connections to a server ahead of the first request, by a small request to `url`
    /// (a health check, say) now and every minute from now on, and keeps one open beside the one
    /// in use: a start or a seek then costs one round trip instead of two.
    pub fn prewarm(&self, url: Url) {
        self.0.sources.warm(url);
    }

    /// Ends what [`Self::prewarm`] began: nothing is to be played from there soon.
    pub fn cool(&self) {
        self.0.sources.cool();
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        self.waker.wake();
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
        if let Some(runtime) = self.runtime.take() {
            // Not waited for: this may be called from another runtime's thread.
            runtime.shutdown_background();
        }
    }
}
