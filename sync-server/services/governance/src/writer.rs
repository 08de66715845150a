//! Group commit: one task writes, and what waits while it does is written together next.
//!
//! A commit waits for the disk. Sharing it among all who wait is what lets thousands of acts a
//! second be durable, without making a lone one wait for company.

use std::sync::Arc;

use domain::audit::Act;
use tokio::sync::{mpsc, oneshot};

use crate::{Error, SigningKey, store::Store};

/// Acts of one call. A transaction that has as many takes no further call.
pub const ACTS_MAX: usize = 2_000;

/// Calls that wait in the queue; more wait before it.
const WAITING_MAX: usize = 1_024;

type Answer = Result<Vec<u64>, Arc<Error>>;

/// The way to the task that writes, which ends with the last of these.
#[derive(Clone, Debug)]
pub struct Writer {
    queue: mpsc::Sender<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    acts: Vec<Act>,
    answer: oneshot::Sender<Answer>,
}

impl Writer {
    pub fn start(store: Store, key: SigningKey) -> Self {
        let (queue, waiting) = mpsc::channel(WAITING_MAX);
        tokio::spawn(write(store, key, waiting));
        Self { queue }
    }

    /// Answers with the sequence number of each act once all of them are durable.
    pub async fn append(&self, acts: Vec<Act>) -> Result<Vec<u64>, Error> {
        let n_acts = acts.len();
        if n_acts > ACTS_MAX {
            return Err(Error::TooMany { n_acts, max: ACTS_MAX });
        }
        if n_acts == 0 {
            return Ok(Vec::new());
        }
        let (answer, answered) = oneshot::channel();
        self.queue.send(Waiting { acts, answer }).await.map_err(|_| Error::WriterEnded)?;
        answered.await.map_err(|_| Error::WriterEnded)?.map_err(Error::Append)
    }
}

async fn write(store: Store, key: SigningKey, mut waiting: mpsc::Receiver<Waiting>) {
    while let Some(first) = waiting.recv().await {
        let group = gather(first, &mut waiting);
        let acts: Vec<Act> = group.iter().flat_map(|one| one.acts.iter().cloned()).collect();
        match store.append(&acts, &key).await {
            Ok(seqs) => share(group, &seqs),
            Err(error) => {
                let error = Arc::new(error);
                // Who asked may be gone; the others are not.
                for one in group {
                    drop(one.answer.send(Err(Arc::clone(&error))));
                }
            }
        }
    }
}

/// All that waits, until the transaction is large enough.
fn gather(first: Waiting, waiting: &mut mpsc::Receiver<Waiting>) -> Vec<Waiting> {
    let mut n_acts = first.acts.len();
    let mut group = vec![first];
    while n_acts < ACTS_MAX
        && let Ok(next) = waiting.try_recv()
    {
        n_acts += next.acts.len();
        group.push(next);
    }
    group
}

fn share(group: Vec<Waiting>, seqs: &[u64]) {
    let mut rest = seqs;
    for one in group {
        let (own, others) = rest.split_at(one.acts.len());
        rest = others;
        drop(one.answer.send(Ok(own.to_vec())));
    }
}
