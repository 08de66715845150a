//! Wakes the engine's thread.

use std::{
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::Duration,
};

/// A bell: rung any number of times, heard once.
#[derive(Clone, Debug, Default)]
pub struct Waker(Arc<(Mutex<bool>, Condvar)>);

impl Waker {
    pub fn wake(&self) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.1.notify_one();
    }

    /// Waits until rung, or for `timeout`.
    pub fn wait(&self, timeout: Duration) {
        let is_rung = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut is_rung = match self.0.1.wait_timeout_while(is_rung, timeout, |is_rung| !*is_rung) {
            Ok((is_rung, _)) => is_rung,
            Err(poisoned) => poisoned.into_inner().0,
        };
        *is_rung = false;
    }
}
