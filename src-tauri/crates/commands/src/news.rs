//! What is told to whoever listens.
//!
//! A sentence for a person that comes while the window is still opening would be shown to nobody:
//! such news waits until the interface says that it is there.

use std::sync::{Arc, Mutex, PoisonError};

use ipc::{Event, Notice, Severity};
use tokio::sync::broadcast;

/// How many events a slow listener may fall behind before it misses some.
const EVENTS_MAX: usize = 256;

/// Sentences that wait at most; later ones are lost.
const HELD_MAX: usize = 32;

/// Clones tell the same listeners.
#[derive(Clone)]
pub(crate) struct News {
    events: broadcast::Sender<Event>,
    /// `None` once the interface is there.
    held: Arc<Mutex<Option<Vec<Event>>>>,
}

impl News {
    pub fn new() -> Self {
        let (events, _) = broadcast::channel(EVENTS_MAX);
        Self { events, held: Arc::new(Mutex::new(Some(Vec::new()))) }
    }

    /// Nobody listening is fine.
    pub fn tell(&self, event: Event) {
        let is_for_a_person = matches!(event, Event::Notice(_) | Event::Navigate { .. });
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        match held.as_mut().filter(|_| is_for_a_person) {
            Some(held) if held.len() < HELD_MAX => held.push(event),
            Some(_) => tracing::warn!(?event, "too much is said before the window is there"),
            None => drop(self.events.send(event)),
        }
    }

    pub fn notify(&self, severity: Severity, message: impl Into<String>, hint: impl Into<String>) {
        let notice =
            Notice { severity, message: message.into(), hint: hint.into(), request_id: None };
        self.tell(Event::Notice(notice));
    }

    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// The interface is there: tells what waited for it.
    pub fn release(&self) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        for event in held.take().into_iter().flatten() {
            drop(self.events.send(event));
        }
    }
}
