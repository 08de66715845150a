//! Reading the audit log, and making sure of it.

use api::audit as http;
use ipc::{AuditCheckpoint, AuditPage, AuditProof, AuditRecord, Fault};

use crate::{Facade, server::Request};

mod proof;

impl Facade {
    pub async fn audit_list(&self, call: ipc::AuditList) -> Result<AuditPage, Fault> {
        let ipc::AuditFilter { actor, object, verb } = call.filter;
        let mut request = Request::get("/audit/records");
        let given = [
            ("actor", actor.map(String::from)),
            ("object", object.map(String::from)),
            ("verb", verb.map(String::from)),
            ("cursor", call.cursor),
        ];
        let given = given.into_iter().filter_map(|(name, value)| Some((name, value?)));
        request.query.extend(given);
        let page: http::AuditPage = self.inner.server.json(request).await?;
        let record = |record: http::AuditRecord| AuditRecord { seq: record.seq, act: record.act };
        Ok(AuditPage {
            items: page.items.into_iter().map(record).collect(),
            next_cursor: page.next_cursor,
        })
    }

    pub async fn audit_checkpoint(
        &self,
        _call: ipc::AuditCheckpointGet,
    ) -> Result<AuditCheckpoint, Fault> {
        let checkpoint: http::AuditCheckpoint =
            self.inner.server.json(Request::get("/audit/checkpoint")).await?;
        let http::AuditCheckpoint { size, note, key } = checkpoint;
        // Origin, size and root have a line each (C2SP tlog-checkpoint).
        let root = note.lines().nth(2).unwrap_or_default().to_owned();
        Ok(AuditCheckpoint { size, root, note, key })
    }

    pub async fn audit_verify(&self, call: ipc::AuditVerify) -> Result<AuditProof, Fault> {
        let server = self.inner.server.name()?;
        let checkpoint = self.audit_checkpoint(ipc::AuditCheckpointGet {}).await?;
        let seen = proof::Seen::new(&server, checkpoint)?;
        let record = self.prove_record(&seen, call.record).await?;
        let history = self.prove_history(&seen).await?;
        let proof = AuditProof { size: seen.size, record, history };
        if proof::is_good(&proof) {
            self.remember_checkpoint(seen).await;
        }
        Ok(proof)
    }
}
