//! The audit log against servers that tell the truth, and that do not.

use std::sync::{Arc, Mutex};

use anyhow::Context as _;
use axum::response::Response;
use domain::transparency::Hash;
use ipc::{AuditProof, AuditRecord, AuditVerify, HistoryBreak, HistoryProof, RecordProof};
use serde_json::json;

use crate::{
    stub::{Asked, Outcome, Stub, ok, said},
    tree,
};

/// The log as a server has it now.
#[derive(Clone)]
struct Log {
    leaves: Vec<Hash>,
    key: String,
}

impl Log {
    fn of(n: u64) -> Self {
        Self { leaves: tree::leaves(n), key: "log+00000000+AQ==".into() }
    }

    fn checkpoint(&self) -> Response {
        let (size, root) = (self.leaves.len(), tree::root(&self.leaves));
        let note = format!("log\n{size}\n{root}\n\n— log AAAA\n");
        ok(&json!({ "size": size, "note": note, "key": self.key }))
    }

    fn proof(&self, asked: &Asked) -> Option<Response> {
        let numbers: Vec<usize> = asked
            .query
            .split('&')
            .filter_map(|pair| pair.split_once('=')?.1.parse().ok())
            .collect();
        let [first, second] = numbers[..] else { return None };
        let leaves = self.leaves.get(..second)?;
        Some(if asked.query.starts_with("seq=") {
            ok(&json!({
                "kind": "inclusion",
                "seq": first,
                "size": second,
                "leaf": leaves.get(first)?,
                "root": tree::root(leaves),
                "path": tree::inclusion(first, leaves),
            }))
        } else {
            ok(&json!({
                "kind": "consistency",
                "from": first,
                "to": second,
                "from_root": tree::root(&leaves[..first]),
                "to_root": tree::root(leaves),
                "path": tree::consistency(first, leaves, true),
            }))
        })
    }
}

/// A device that looks at a log, which the test changes between two looks.
struct Looking {
    log: Arc<Mutex<Log>>,
    facade: commands::Facade,
    _stub: Stub,
}

impl Looking {
    async fn at(log: Log) -> anyhow::Result<Self> {
        let log = Arc::new(Mutex::new(log));
        let answered = Arc::clone(&log);
        let answer = move |asked: &Asked| match asked.what.as_str() {
            "GET /audit/checkpoint" => {
                Some(answered.lock().expect("nobody panics holding it").checkpoint())
            }
            "GET /audit/proof" => answered.lock().expect("nobody panics holding it").proof(asked),
            _ => None,
        };
        let (stub, facade) = Stub::start(answer).await?;
        Ok(Self { log, facade, _stub: stub })
    }

    fn set(&self, log: Log) {
        *self.log.lock().expect("nobody panics holding it") = log;
    }

    /// What it makes of the log with that record shown.
    async fn look(&self, record: Option<AuditRecord>) -> anyhow::Result<AuditProof> {
        said(self.facade.audit_verify(AuditVerify { record }).await)
    }

    async fn history(&self) -> anyhow::Result<HistoryProof> {
        Ok(self.look(None).await?.history)
    }
}

fn size_of(history: &HistoryProof) -> Option<u64> {
    match history {
        HistoryProof::Continues { size, .. } => Some(*size),
        _ => None,
    }
}

fn break_of(history: &HistoryProof) -> Option<HistoryBreak> {
    match history {
        HistoryProof::Broken { why, .. } => Some(*why),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_proved_word_for_word() -> Outcome {
    let looking = Looking::at(Log::of(7)).await?;
    let record = |seq, act| Some(AuditRecord { seq, act });
    for seq in 0..7 {
        let proof = looking.look(record(seq, Some(tree::act(seq)))).await?;
        assert_eq!((proof.size, proof.record), (7, RecordProof::Included { seq }));
    }
    let gone = looking.look(record(4, None)).await?;
    assert_eq!(gone.record, RecordProof::HashIncluded { seq: 4 });

    let mut changed = tree::act(4);
    changed.at_us += 1;
    let forged = looking.look(record(4, Some(changed))).await?;
    assert_eq!(forged.record, RecordProof::Broken { seq: 4 });
    let moved = looking.look(record(3, Some(tree::act(4)))).await?;
    assert_eq!(moved.record, RecordProof::Broken { seq: 3 });
    let beyond = looking.look(record(7, Some(tree::act(7)))).await?;
    assert_eq!(beyond.record, RecordProof::Broken { seq: 7 });
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_goes_on_from_what_was_seen_of_it() -> Outcome {
    let looking = Looking::at(Log::of(0)).await?;
    // Nothing can be told from an empty log.
    assert_eq!(looking.history().await?, HistoryProof::First);
    looking.set(Log::of(3));
    assert_eq!(looking.history().await?, HistoryProof::First);
    assert_eq!(size_of(&looking.history().await?), Some(3));
    looking.set(Log::of(11));
    assert_eq!(size_of(&looking.history().await?), Some(3));
    assert_eq!(size_of(&looking.history().await?), Some(11));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_was_rewritten_is_noticed_and_not_taken_for_the_new_truth() -> Outcome {
    let looking = Looking::at(Log::of(5)).await?;
    assert_eq!(looking.history().await?, HistoryProof::First);

    let mut rewritten = Log::of(9);
    rewritten.leaves[2] = *tree::leaves(20).last().context("there is a leaf")?;
    looking.set(rewritten.clone());
    assert_eq!(break_of(&looking.history().await?), Some(HistoryBreak::Changed));
    rewritten.leaves.truncate(5);
    looking.set(rewritten);
    assert_eq!(break_of(&looking.history().await?), Some(HistoryBreak::Changed));
    looking.set(Log::of(4));
    assert_eq!(break_of(&looking.history().await?), Some(HistoryBreak::Shorter));
    looking.set(Log { key: "log+11111111+AQ==".into(), ..Log::of(9) });
    assert_eq!(break_of(&looking.history().await?), Some(HistoryBreak::OtherKey));

    looking.set(Log::of(9));
    assert_eq!(size_of(&looking.history().await?), Some(5));
    Ok(())
}
