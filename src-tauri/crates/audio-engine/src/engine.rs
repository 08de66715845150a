//! The handle.

use tokio::sync::mpsc;
use url::Url;

use crate::{Command, Config, Event};

/// Why an engine did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("a thread could not be started")]
    Thread(#[source] std::io::Error),
    #[error("the HTTP client could not be set up")]
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
#[derive(Clone)]
pub struct Engine {}
impl Engine {
    /// Starts the threads. Needs a rustls crypto provider to be installed where items come by
    /// https. A missing device is not an error here but an [`Event::NoDevice`].
    pub fn start(config: Config) -> Result<(Self, mpsc::Receiver<Event>), StartError> {
        let _ = config;
        let (_, rx) = mpsc::channel(1024);
        Ok((Self {}, rx))
    }
    /// Queues a command without blocking.
    pub fn send(&self, command: Command) -> Result<(), SendError> {
        let _ = command;
        Ok(())
    }
    /// Opens connections to a server ahead of the first request, by a small request to `url`
    /// (a health check, say), and keeps one open beside the one in use: a start or a seek then
    /// costs one round trip instead of two.
    pub fn prewarm(&self, url: Url) {
        let _ = url;
    }
}
