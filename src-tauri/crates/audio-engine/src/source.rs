//! Bytes of an item: from a file, or from a growing HTTP source.

mod blocks;
mod fetch;
mod reader;
mod remote;
mod sources;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use futures::future::BoxFuture;

pub use reader::{Bytes, Reader};
pub use remote::{Problem, Remote};
pub use sources::{Sources, lock};

/// Why there is no token.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AuthorizeError {
    /// The listener has to sign in again: playing fails.
    #[error("sign in again to go on listening")]
    SignedOut,
    /// The token could not be renewed now: playing waits.
    #[error("the sign-in could not be renewed: {0}")]
    Unavailable(String),
}

/// Hands out bearer tokens for requests.
pub trait Authorize: Send + Sync {
    /// A token to send now, or `None` to send none. `is_stale` says that the server just refused
    /// the last one.
    fn bearer(&self, is_stale: bool) -> BoxFuture<'_, Result<Option<String>, AuthorizeError>>;
}

/// Asks a blocked read to give up; reads fail at once until it is lifted.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    pub fn set(&self, is_set: bool) {
        self.0.store(is_set, Ordering::SeqCst);
    }

    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
