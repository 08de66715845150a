//! One writer per upload at a time. Who comes next has lost its line to the one before, which the
//! server may not have noticed yet: so the one before is told to give way.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use axum::http::StatusCode;
use domain::UploadId;
use tokio::sync::OwnedMutexGuard;
use tokio_util::sync::CancellationToken;
use web::ApiError;

/// Between two words to who does not give way, and how often.
const PATIENCE: Duration = Duration::from_millis(250);
const N_WORDS: u32 = 40;

#[derive(Debug, Default)]
pub struct Turns {
    of: Mutex<HashMap<UploadId, Weak<Turn>>>,
}

#[derive(Debug, Default)]
struct Turn {
    at_it: Arc<tokio::sync::Mutex<()>>,
    /// Of who is at it.
    give_way: Mutex<CancellationToken>,
}

/// It is the holder's turn until the last clone of this is dropped.
#[derive(Clone, Debug)]
pub struct Held {
    /// The next one waits.
    pub give_way: CancellationToken,
    _at_it: Arc<OwnedMutexGuard<()>>,
    _turn: Arc<Turn>,
}

impl Turns {
    /// Takes the upload; 423 where the one before does not give way.
    pub async fn take(&self, upload: UploadId) -> Result<Held, ApiError> {
        let turn = self.of(upload);
        for _ in 0..N_WORDS {
            lock(&turn.give_way).cancel();
            let at_it = tokio::time::timeout(PATIENCE, turn.at_it.clone().lock_owned()).await;
            if let Ok(at_it) = at_it {
                let give_way = CancellationToken::new();
                *lock(&turn.give_way) = give_way.clone();
                return Ok(Held { give_way, _at_it: Arc::new(at_it), _turn: turn });
            }
        }
        Err(ApiError::malformed(
            StatusCode::LOCKED,
            "Another request is writing to this upload.",
            "Try again in a moment.",
        ))
    }

    fn of(&self, upload: UploadId) -> Arc<Turn> {
        let mut of = lock(&self.of);
        if let Some(turn) = of.get(&upload).and_then(Weak::upgrade) {
            return turn;
        }
        of.retain(|_, turn| turn.strong_count() > 0);
        let turn = Arc::new(Turn::default());
        of.insert(upload, Arc::downgrade(&turn));
        turn
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_is_at_it_gives_way_to_the_next() {
        let turns = Arc::new(Turns::default());
        let upload = UploadId::new(1, [0; 10]);
        let first = turns.take(upload).await.unwrap();
        assert!(!first.give_way.is_cancelled());
        let waiting = tokio::spawn({
            let turns = turns.clone();
            async move { turns.take(upload).await }
        });
        first.give_way.cancelled().await;
        let still_writing = first.clone();
        drop(first);
        assert!(!waiting.is_finished());
        drop(still_writing);
        let second = waiting.await.unwrap().unwrap();
        assert!(!second.give_way.is_cancelled());
        // Others have turns of their own.
        turns.take(UploadId::new(2, [0; 10])).await.unwrap();
        drop(second);
        turns.take(upload).await.unwrap();
        assert!(lock(&turns.of).len() <= 2);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_too_long_is_told() {
        let turns = Turns::default();
        let upload = UploadId::new(1, [0; 10]);
        let _stubborn = turns.take(upload).await.unwrap();
        assert_eq!(turns.take(upload).await.unwrap_err().status, StatusCode::LOCKED);
    }
}
