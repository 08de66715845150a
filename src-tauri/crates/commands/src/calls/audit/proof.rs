//! Proofs of the audit log, verified on this device (RFC 9162, section 2.1). The server says what
//! the hashes beside the way are; whether they lead to the root is arithmetic.
//!
//! Of each server the last good checkpoint is kept here. Whatever the server says later must go on
//! from it.

use api::audit as http;
use domain::transparency::{Content, Hash, verify};
use ipc::{
    AuditCheckpoint, AuditProof, AuditRecord, Fault, HistoryBreak, HistoryProof, RecordProof,
};
use local_store::Key;
use serde::{Deserialize, Serialize};

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
pub(super) struct Seen {
    server: String,
    pub size: u64,
    root: Hash,
    key: String,
    /// What can be shown to others.
    note: String,
    at_us: i64,
}

impl Seen {
    pub fn new(server: &str, checkpoint: AuditCheckpoint) -> Result<Self, Fault> {
        let AuditCheckpoint { size, root, note, key } = checkpoint;
        // What is signed must say the same as what stands beside it.
        let signed_size = note.lines().nth(1).and_then(|line| line.parse().ok());
        let root = root.parse().ok().filter(|_| signed_size == Some(size));
        let root = root.ok_or_else(|| fault::not_understood(server))?;
        Ok(Self { server: server.to_owned(), size, root, key, note, at_us: now_us() })
    }

    /// What this one says of the log that another was of, as far as no proof is needed.
    fn break_from(&self, last: &Self) -> Option<HistoryBreak> {
        if self.key != last.key {
            Some(HistoryBreak::OtherKey)
        } else if self.size < last.size {
            Some(HistoryBreak::Shorter)
        } else if self.size == last.size && self.root != last.root {
            Some(HistoryBreak::Changed)
        } else {
            None
        }
    }
}

/// Nothing of it is broken.
pub(super) fn is_good(proof: &AuditProof) -> bool {
    let is_record_broken = matches!(proof.record, RecordProof::Broken { .. });
    !is_record_broken && !matches!(proof.history, HistoryProof::Broken { .. })
}

impl Facade {
    /// Whether a record, as it was given, is under the root of the checkpoint.
    pub(super) async fn prove_record(
        &self,
        seen: &Seen,
        record: Option<AuditRecord>,
    ) -> Result<RecordProof, Fault> {
        let Some(AuditRecord { seq, act }) = record else { return Ok(RecordProof::Absent) };
        if seq >= seen.size {
            return Ok(RecordProof::Broken { seq });
        }
        let asked = [("seq", seq), ("size", seen.size)];
        let http::AuditProof::Inclusion { leaf, path, .. } = self.ask_proof(asked).await? else {
            return Ok(RecordProof::Broken { seq });
        };
        let own_leaf = act.map(|act| Content::new(seq, act).leaf());
        let has_content = own_leaf.is_some();
        // Of what is gone, the hash is all there is.
        let leaf = own_leaf.or_else(|| leaf.parse().ok());
        let is_included = leaf
            .zip(hashes(&path))
            .is_some_and(|(leaf, path)| verify::inclusion(leaf, seq, seen.size, &path, seen.root));
        Ok(match (is_included, has_content) {
            (false, _) => RecordProof::Broken { seq },
            (true, true) => RecordProof::Included { seq },
            (true, false) => RecordProof::HashIncluded { seq },
        })
    }

    /// Whether the checkpoint goes on from the last that was seen of this server.
    pub(super) async fn prove_history(&self, seen: &Seen) -> Result<HistoryProof, Fault> {
        let known = self.known_checkpoints().await?;
        // A log without records is the beginning of any.
        let last = known.into_iter().find(|last| last.server == seen.server && last.size > 0);
        let Some(last) = last else { return Ok(HistoryProof::First) };
        let (size, seen_at_us) = (last.size, last.at_us);
        let broken = |why| HistoryProof::Broken { size, seen_at_us, why };
        if let Some(why) = seen.break_from(&last) {
            return Ok(broken(why));
        }
        if seen.size > size {
            let asked = [("from", size), ("to", seen.size)];
            let proof = self.ask_proof(asked).await?;
            let is_consistent = matches!(
                &proof,
                http::AuditProof::Consistency { path, .. } if hashes(path).is_some_and(|path| {
                    verify::consistency(size, seen.size, last.root, seen.root, &path)
                })
            );
            if !is_consistent {
                return Ok(broken(HistoryBreak::Changed));
            }
        }
        Ok(HistoryProof::Continues { size, seen_at_us })
    }

    async fn ask_proof(&self, asked: [(&'static str, u64); 2]) -> Result<http::AuditProof, Fault> {
        let mut request = Request::get("/audit/proof");
        request.query.extend(asked.map(|(name, value)| (name, value.to_string())));
        self.inner.server.json(request).await
    }

    /// The next look compares with this one. What cannot be kept leaves an older one to compare
    /// with, which is as good.
    pub(super) async fn remember_checkpoint(&self, seen: Seen) {
        let Ok(mut known) = self.known_checkpoints().await else { return };
        known.retain(|last| last.server != seen.server);
        known.push(seen);
        known.drain(..known.len().saturating_sub(KNOWN_MAX));
        let store = self.inner.store.clone();
        if let Err(error) = blocking(move || store.set_value(Key::Checkpoints, &known)).await {
            tracing::warn!(%error, "a checkpoint was not kept");
        }
    }

    async fn known_checkpoints(&self) -> Result<Vec<Seen>, Fault> {
        let store = self.inner.store.clone();
        let known = blocking(move || store.value(Key::Checkpoints)).await;
        Ok(known.map_err(|error| fault::device(&error))?.unwrap_or_default())
    }
}

fn hashes(texts: &[String]) -> Option<Vec<Hash>> {
    texts.iter().map(|text| text.parse().ok()).collect()
}
