//! The audit log against servers that tell the truth, and that do not.

use std::sync::{Arc, Mutex};

use anyhow::Context as _;
use axum::{
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use domain::transparency::Hash;
use ipc::{
    AuditCheckpointGet, AuditProof, AuditRecord, AuditVerify, FaultKind, HistoryBreak,
    HistoryProof, RecordProof, SignatureProof,
};
use serde_json::{Value, json};
use signed_note::{Checkpoint, SigningKey};

use crate::{
    stub::{Asked, Outcome, Stub, ok, said},
    tree,
};

/// The log as a server has it now.
#[derive(Clone)]
struct Log {
    leaves: Vec<Hash>,
    /// By their seeds; the last one signs.
    keys: Vec<u8>,
    /// Notes in which each key handed over to the next.
    handovers: Vec<String>,
    /// Whoever signs, instead of the key that is shown.
    forger: Option<u8>,
}

fn key(seed: u8) -> SigningKey {
    SigningKey::new("log", [seed; 32]).expect("it is a name")
}

impl Log {
    fn of(n: u64) -> Self {
        let leaves = tree::leaves(n);
        Self { leaves, keys: vec![1], handovers: Vec::new(), forger: None }
    }

    /// Whose key handed over to another in the checkpoint of so many records.
    fn handed_over(mut self, to: u8, size: usize) -> Self {
        let from = self.signer();
        self.handovers.push(self.of_size(size).hand_over(&key(from), &key(to)));
        self.keys.push(to);
        self
    }

    fn signer(&self) -> u8 {
        self.keys.last().copied().expect("there is a key")
    }

    fn of_size(&self, size: usize) -> Checkpoint {
        let root = tree::root(&self.leaves[..size]);
        Checkpoint { origin: "log".to_owned(), size: size as u64, root }
    }

    fn checkpoint(&self, size: usize) -> Response {
        let note = self.of_size(size).sign(&key(self.forger.unwrap_or(self.signer())));
        let keys: Vec<Value> = self
            .keys
            .iter()
            .enumerate()
            .map(|(at, seed)| {
                let handover = at.checked_sub(1).map(|before| &self.handovers[before]);
                let key = key(*seed).verifying().to_string();
                json!({ "key": key, "from_size": 0, "handover": handover })
            })
            .collect();
        let key = key(self.signer()).verifying().to_string();
        ok(&json!({ "size": size, "note": note, "key": key, "keys": keys }))
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
    stub: Stub,
}

impl Looking {
    async fn at(log: Log) -> anyhow::Result<Self> {
        let log = Arc::new(Mutex::new(log));
        let answered = Arc::clone(&log);
        let answer = move |asked: &Asked| match asked.what.as_str() {
            "GET /audit/checkpoint" => {
                let log = answered.lock().expect("nobody panics holding it");
                let size =
                    asked.query.strip_prefix("size=").map_or(Ok(log.leaves.len()), str::parse);
                Some(log.checkpoint(size.expect("it is a number")))
            }
            "POST /audit/restarts" => Some(StatusCode::NO_CONTENT.into_response()),
            "GET /audit/proof" => answered.lock().expect("nobody panics holding it").proof(asked),
            _ => None,
        };
        let (stub, facade) = Stub::start(answer).await?;
        Ok(Self { log, facade, stub })
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

    /// Agrees to what was shown.
    async fn restart(&self, shown: &AuditProof) -> Result<(), ipc::Fault> {
        let call = ipc::AuditRestart { size: shown.size, root: shown.root.clone() };
        self.facade.audit_restart(call).await
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
    looking.set(Log { keys: vec![2], ..Log::of(9) });
    let by_other = looking.look(None).await?;
    assert_eq!(break_of(&by_other.history), Some(HistoryBreak::OtherKey));
    assert_eq!(by_other.signature, SignatureProof::Good, "it has a key of its own");

    looking.set(Log::of(9));
    assert_eq!(size_of(&looking.history().await?), Some(5));
    Ok(())
}

/// Whoever stands between shows the true key, and has not got it.
#[tokio::test(flavor = "multi_thread")]
async fn a_forged_signature_is_noticed_from_the_first_look_on() -> Outcome {
    let looking = Looking::at(Log { forger: Some(9), ..Log::of(5) }).await?;
    for _ in 0..2 {
        let forged = looking.look(None).await?;
        assert_eq!(forged.signature, SignatureProof::Wrong);
        assert_eq!(forged.history, HistoryProof::First, "nothing of it was kept");
        let shown = said(looking.facade.audit_checkpoint(AuditCheckpointGet {}).await)?;
        assert_eq!((shown.size, shown.signature), (5, SignatureProof::Wrong));
        let refused = looking.restart(&forged).await.unwrap_err();
        assert_eq!(refused.kind, FaultKind::Invalid, "nobody agrees to that");
    }
    looking.set(Log::of(5));
    assert_eq!(looking.history().await?, HistoryProof::First);
    looking.set(Log { forger: Some(9), ..Log::of(8) });
    assert_eq!(looking.look(None).await?.signature, SignatureProof::Wrong);
    looking.set(Log::of(8));
    let good = looking.look(None).await?;
    assert_eq!((good.signature, size_of(&good.history)), (SignatureProof::Good, Some(5)));
    let shown = said(looking.facade.audit_checkpoint(AuditCheckpointGet {}).await)?;
    assert_eq!(shown.signature, SignatureProof::Good);
    Ok(())
}

/// Over several rotations as well, since a device may not have looked for long.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_followed_where_it_handed_over() -> Outcome {
    let looking = Looking::at(Log::of(3)).await?;
    assert_eq!(looking.history().await?, HistoryProof::First);
    let rotated = Log::of(9).handed_over(2, 5).handed_over(3, 8);
    looking.set(rotated.clone());
    let followed = looking.look(None).await?;
    assert_eq!(followed.signature, SignatureProof::HandedOver { size: 8 });
    assert_eq!(size_of(&followed.history), Some(3));
    let known = looking.look(None).await?;
    assert_eq!((known.signature, size_of(&known.history)), (SignatureProof::Good, Some(9)));

    // The key of before is no longer one of this log.
    looking.set(Log::of(11));
    assert_eq!(break_of(&looking.history().await?), Some(HistoryBreak::OtherKey));
    looking.set(Log { leaves: tree::leaves(11), ..rotated });
    assert_eq!(size_of(&looking.history().await?), Some(9));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_nobody_handed_over_to_is_not_followed() -> Outcome {
    let looking = Looking::at(Log::of(4)).await?;
    assert_eq!(looking.history().await?, HistoryProof::First);
    let honest = Log::of(9).handed_over(2, 6);
    let thief =
        |handover: String| Log { keys: vec![1, 9], handovers: vec![handover], ..Log::of(9) };
    let checkpoint = honest.of_size(6);
    let both = {
        let (old, own) = (checkpoint.sign(&key(1)), checkpoint.sign(&key(9)));
        let own = own.rsplit_once("\n\n").context("it is a note")?.1.to_owned();
        format!("{old}{own}")
    };
    let of_thief = checkpoint.hand_over(&key(9), &key(9));
    let other_way = checkpoint.hand_over(&key(9), &key(1));
    let to_another = honest.handovers[0].clone();
    for handover in [both, of_thief, other_way, to_another, String::new()] {
        looking.set(thief(handover.clone()));
        let history = looking.history().await?;
        assert_eq!(break_of(&history), Some(HistoryBreak::OtherKey), "{handover}");
    }
    // What this device saw the old key sign came later than that.
    looking.set(Log::of(9).handed_over(9, 4));
    assert_eq!(break_of(&looking.history().await?), Some(HistoryBreak::OtherKey));
    looking.set(honest);
    assert_eq!(size_of(&looking.history().await?), Some(4));
    Ok(())
}

/// A backup was restored: what came after it is gone, and an officer knows why.
#[tokio::test(flavor = "multi_thread")]
async fn an_officer_begins_anew_with_a_log_that_is_another() -> Outcome {
    let looking = Looking::at(Log::of(7)).await?;
    assert_eq!(looking.history().await?, HistoryProof::First);
    let mut restored = Log::of(4);
    looking.set(restored.clone());
    let shown = looking.look(None).await?;
    assert_eq!(break_of(&shown.history), Some(HistoryBreak::Shorter));

    // Not what was shown: the root of another log.
    let mut other = shown.clone();
    other.root = tree::root(&tree::leaves(3)).to_string();
    assert_eq!(looking.restart(&other).await.unwrap_err().kind, FaultKind::Invalid);
    assert_eq!(break_of(&looking.history().await?), Some(HistoryBreak::Shorter));
    assert!(looking.stub.asked("POST /audit/restarts").is_empty());

    // It grew since, as logs do: what was agreed to is what was shown.
    let mut leaves = tree::leaves(20);
    restored.leaves.extend(leaves.drain(15..18));
    looking.set(restored.clone());
    said(looking.restart(&shown).await)?;
    let told = looking.stub.asked("POST /audit/restarts");
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].body, json!({ "known_size": 7, "size": 4 }));

    for size in [4, 7] {
        let proof = looking.look(None).await?;
        assert_eq!(size_of(&proof.history), Some(size), "it goes on from there");
        let restarted = proof.restarted.context("it is remembered")?;
        assert_eq!((restarted.size, restarted.known_size), (4, 7));
        assert!(restarted.at_us >= restarted.known_at_us);
    }
    // It holds from then on.
    looking.set(Log::of(5));
    assert_eq!(break_of(&looking.history().await?), Some(HistoryBreak::Shorter));
    looking.set(Log::of(9));
    assert_eq!(break_of(&looking.history().await?), Some(HistoryBreak::Changed));
    Ok(())
}
