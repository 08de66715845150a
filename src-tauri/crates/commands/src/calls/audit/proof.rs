//! Proofs of the audit log, verified on this device (RFC 9162, section 2.1). The server says what
//! the hashes beside the way are; whether they lead to the root is arithmetic, and whether the root
//! is the log's own is said by its signature.

use api::audit as http;
use domain::transparency::{Content, Hash, verify};
use ipc::{
    AuditProof, AuditRecord, Fault, HistoryBreak, HistoryProof, RecordProof, SignatureProof,
};

use super::known::{Looked, Seen};
use crate::{Facade, fault, server::Request};

/// What a log says of the one that is known, as far as no proof is needed.
fn break_from(looked: &Looked, last: &Seen) -> Option<HistoryBreak> {
    let seen = &looked.seen;
    let is_of_key =
        seen.key == last.key || matches!(looked.signature, SignatureProof::HandedOver { .. });
    if !is_of_key {
        Some(HistoryBreak::OtherKey)
    } else if seen.size < last.size {
        Some(HistoryBreak::Shorter)
    } else if seen.size == last.size && seen.root != last.root {
        Some(HistoryBreak::Changed)
    } else {
        None
    }
}

/// Nothing of it is broken.
pub fn is_good(proof: &AuditProof) -> bool {
    proof.signature != SignatureProof::Wrong
        && !matches!(proof.record, RecordProof::Broken { .. })
        && !matches!(proof.history, HistoryProof::Broken { .. })
}

/// A checkpoint is not the one that somebody agreed to.
pub fn not_as_shown() -> Fault {
    fault::invalid("The checkpoint is not the one that was shown.", "Look at the log again.")
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
    pub(super) async fn prove_history(&self, looked: &Looked) -> Result<HistoryProof, Fault> {
        let Some(last) = &looked.last else { return Ok(HistoryProof::First) };
        let (seen, size, seen_at_us) = (&looked.seen, last.size, last.at_us);
        let broken = |why| HistoryProof::Broken { size, seen_at_us, why };
        if let Some(why) = break_from(looked, last) {
            return Ok(broken(why));
        }
        // A log without records is the beginning of any.
        if size == 0 {
            return Ok(HistoryProof::First);
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
}

fn hashes(texts: &[String]) -> Option<Vec<Hash>> {
    texts.iter().map(|text| text.parse().ok()).collect()
}
