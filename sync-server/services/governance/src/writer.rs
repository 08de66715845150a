//! The one task that appends: acts of all who call at once go into one transaction.

use std::sync::Arc;

use domain::audit::Act;
use engine_sql::group::Group;

use crate::{Error, KeyFile, store::Store};

/// Acts of one call. A transaction that has as many takes no further call.
pub const ACTS_MAX: usize = 2_000;

type Answer = Result<Vec<u64>, Arc<Error>>;

/// The way to the task that appends, which ends with the last of these.
#[derive(Clone, Debug)]
pub struct Writer(Group<Vec<Act>, Answer>);

impl Writer {
    pub fn start(store: Store, keys: KeyFile) -> Self {
        let work = move |calls: Vec<Vec<Act>>| {
            let (store, keys) = (store.clone(), keys.clone());
            async move { append(&store, &keys, &calls).await }
        };
        Self(Group::start(ACTS_MAX, Vec::len, work))
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
        self.0.ask(acts).await.ok_or(Error::WriterEnded)?.map_err(Error::Append)
    }
}

async fn append(store: &Store, keys: &KeyFile, calls: &[Vec<Act>]) -> Vec<Answer> {
    match store.append(&calls.concat(), keys).await {
        Ok(seqs) => {
            let mut rest = &seqs[..];
            let own = |acts: &Vec<Act>| {
                let (own, others) = rest.split_at(acts.len());
                rest = others;
                Ok(own.to_vec())
            };
            calls.iter().map(own).collect()
        }
        Err(error) => {
            let error = Arc::new(error);
            calls.iter().map(|_| Err(Arc::clone(&error))).collect()
        }
    }
}
