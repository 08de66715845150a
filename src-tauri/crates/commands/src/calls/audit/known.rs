//! What this device knows of the logs of servers: of each the last checkpoint that was good, with its
//! key. Whatever the server says later must go on from it, signed by that key or by one to which it
//! handed over.

use api::audit as http;
use domain::transparency::Hash;
use ipc::{Fault, SignatureProof};
use local_store::Key;
use serde::{Deserialize, Serialize};
use signed_note::{Checkpoint, VerifyingKey};

use crate::{
    Facade,
    clock::{blocking, now_us},
    fault,
    server::Request,
};

/// Servers whose checkpoints are kept; that seen longest ago goes first.
const KNOWN_MAX: usize = 32;

/// A checkpoint and where it was seen.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Seen {
    pub server: String,
    pub size: u64,
    pub root: Hash,
    pub key: String,
    /// What can be shown to others.
    pub note: String,
    pub at_us: i64,
    #[serde(default)]
    pub restarted: Option<Restarted>,
}

/// The one with which it began anew.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Restarted {
    at_us: i64,
    size: u64,
    known_size: u64,
    known_at_us: i64,
}

impl From<Restarted> for ipc::AuditRestarted {
    fn from(restarted: Restarted) -> Self {
        let Restarted { at_us, size, known_size, known_at_us } = restarted;
        Self { at_us, size, known_size, known_at_us }
    }
}

/// A checkpoint as the server shows it, beside what is known.
pub struct Looked {
    pub seen: Seen,
    pub signature: SignatureProof,
    /// The last good one of this server.
    pub last: Option<Seen>,
}

impl Facade {
    /// Reads the latest checkpoint, or that of a size, and verifies its signature.
    pub(super) async fn look_at_checkpoint(&self, size: Option<u64>) -> Result<Looked, Fault> {
        let server = self.inner.server.name()?;
        let mut request = Request::get("/audit/checkpoint");
        request.query.extend(size.map(|size| ("size", size.to_string())));
        let checkpoint: http::AuditCheckpoint = self.inner.server.json(request).await?;
        let known = self.known_checkpoints().await?;
        let last = known.into_iter().find(|last| last.server == server);
        let signature = signature(&checkpoint, last.as_ref());
        let http::AuditCheckpoint { size, note, key, .. } = checkpoint;
        // What is signed must say the same as what stands beside it.
        let written = Checkpoint::read(&note).ok().filter(|written| written.size == size);
        let Checkpoint { root, .. } = written.ok_or_else(|| fault::not_understood(&server))?;
        let restarted = last.as_ref().and_then(|last| last.restarted);
        let seen = Seen { server, size, root, key, note, at_us: now_us(), restarted };
        Ok(Looked { seen, signature, last })
    }

    /// Takes a log that does not go on from what was known: from now on it is this one that has to.
    /// The log is told first; what it does not take is not taken here.
    pub(super) async fn restart_from(&self, looked: Looked) -> Result<(), Fault> {
        let Looked { mut seen, last, .. } = looked;
        if let Some(last) = last {
            let body = http::AuditRestart { known_size: last.size, size: seen.size };
            self.inner.server.send(&Request::post("/audit/restarts", &body)?).await?;
            seen.restarted = Some(Restarted {
                at_us: seen.at_us,
                size: seen.size,
                known_size: last.size,
                known_at_us: last.at_us,
            });
        }
        self.keep_checkpoint(seen).await.map_err(|error| fault::device(&error))
    }

    /// The next look compares with this one. What cannot be kept leaves an older one to compare
    /// with, which is as good.
    pub(super) async fn remember_checkpoint(&self, seen: Seen) {
        if let Err(error) = self.keep_checkpoint(seen).await {
            tracing::warn!(%error, "a checkpoint was not kept");
        }
    }

    async fn keep_checkpoint(&self, seen: Seen) -> Result<(), local_store::Error> {
        let store = self.inner.store.clone();
        blocking(move || {
            let mut known: Vec<Seen> = store.value(Key::Checkpoints)?.unwrap_or_default();
            known.retain(|last| last.server != seen.server);
            known.push(seen);
            known.drain(..known.len().saturating_sub(KNOWN_MAX));
            store.set_value(Key::Checkpoints, &known)
        })
        .await
    }

    async fn known_checkpoints(&self) -> Result<Vec<Seen>, Fault> {
        let store = self.inner.store.clone();
        let known = blocking(move || store.value(Key::Checkpoints)).await;
        Ok(known.map_err(|error| fault::device(&error))?.unwrap_or_default())
    }
}

/// Whether the checkpoint is signed by the key that comes with it, and how that key comes from the
/// one that is known.
fn signature(of: &http::AuditCheckpoint, last: Option<&Seen>) -> SignatureProof {
    let key = of.key.parse::<VerifyingKey>();
    if !key.is_ok_and(|key| Checkpoint::open(&of.note, &key).is_ok()) {
        return SignatureProof::Wrong;
    }
    let handed_over = last
        .filter(|last| last.key != of.key)
        .and_then(|last| handed_over(last, &of.key, &of.keys));
    match handed_over {
        Some(size) => SignatureProof::HandedOver { size },
        None => SignatureProof::Good,
    }
}

/// Follows the handovers from the key that is known: each is signed by the key that it comes from. A
/// key that signed what is known did not hand over before. Answers how many records the last
/// handover covers; `None` where they do not lead to `key`.
fn handed_over(last: &Seen, key: &str, keys: &[http::AuditKey]) -> Option<u64> {
    let mut trusted: VerifyingKey = last.key.parse().ok()?;
    let mut covered = last.size;
    for handover in keys.iter().filter_map(|key| key.handover.as_deref()) {
        let Ok(opened) = Checkpoint::open(handover, &trusted) else { continue };
        if let Some(next) = opened.next_key.filter(|_| opened.checkpoint.size > covered) {
            (trusted, covered) = (next, opened.checkpoint.size);
        }
    }
    (trusted.to_string() == key).then_some(covered)
}
