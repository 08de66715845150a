//! Group commit: one task works, and what waits while it does is done together next.
//!
//! A commit waits for the disk. Sharing it among all who wait is what lets thousands of changes a
//! second be durable, without making a lone one wait for company. Small reads of one kind share the
//! way to a connection likewise.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

/// Jobs that wait in the queue; more wait before it.
const WAITING_MAX: usize = 1_024;

/// The way to the task that works, which ends with the last of these.
#[derive(Debug)]
pub struct Group<J, R> {
    queue: mpsc::Sender<Waiting<J, R>>,
}

#[derive(Debug)]
struct Waiting<J, R> {
    job: J,
    answer: oneshot::Sender<R>,
}

impl<J, R> Clone for Group<J, R> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone() }
    }
}

impl<J: Send + 'static, R: Send + 'static> Group<J, R> {
    /// Starts the task. `work` gets jobs in the order of their asking and answers one result for
    /// each; `weight` says how much of `weight_max` a job takes, and a group that has as much takes
    /// no further job.
    pub fn start<F, W>(weight_max: usize, weight: fn(&J) -> usize, mut work: F) -> Self
    where
        F: FnMut(Vec<J>) -> W + Send + 'static,
        W: Future<Output = Vec<R>> + Send,
    {
        let (queue, mut waiting) = mpsc::channel::<Waiting<J, R>>(WAITING_MAX);
        tokio::spawn(async move {
            while let Some(first) = waiting.recv().await {
                let (jobs, answers) = gather(first, &mut waiting, weight_max, weight);
                for (answer, result) in answers.into_iter().zip(work(jobs).await) {
                    // Who asked may be gone; the others are not.
                    drop(answer.send(result));
                }
            }
        });
        Self { queue }
    }

    /// Does a job, together with others. `None` where the task has ended.
    pub async fn ask(&self, job: J) -> Option<R> {
        let (answer, answered) = oneshot::channel();
        self.queue.send(Waiting { job, answer }).await.ok()?;
        answered.await.ok()
    }
}

/// One result for each of `n` who asked together: a failure is everybody's.
pub fn share<T, E>(n: usize, result: Result<Vec<T>, E>) -> Vec<Result<T, Arc<E>>> {
    match result {
        Ok(all) => all.into_iter().map(Ok).collect(),
        Err(error) => {
            let error = Arc::new(error);
            (0..n).map(|_| Err(Arc::clone(&error))).collect()
        }
    }
}

/// All that waits, until the group is heavy enough.
fn gather<J, R>(
    first: Waiting<J, R>,
    waiting: &mut mpsc::Receiver<Waiting<J, R>>,
    weight_max: usize,
    weight: fn(&J) -> usize,
) -> (Vec<J>, Vec<oneshot::Sender<R>>) {
    let mut total = weight(&first.job);
    let (mut jobs, mut answers) = (vec![first.job], vec![first.answer]);
    while total < weight_max
        && let Ok(next) = waiting.try_recv()
    {
        total += weight(&next.job);
        jobs.push(next.job);
        answers.push(next.answer);
    }
    (jobs, answers)
}
