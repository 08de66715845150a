//! Reading the audit log, and making sure of it.

use api::audit as http;
use ipc::{AuditCheckpoint, AuditPage, AuditProof, AuditRecord, Fault};

use crate::{Facade, server::Request};

mod known;
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
        let looked = self.look_at_checkpoint(None).await?;
        Ok(AuditCheckpoint {
            size: looked.seen.size,
            root: looked.seen.root.to_string(),
            note: looked.seen.note,
            key: looked.seen.key,
            signature: looked.signature,
        })
    }

    pub async fn audit_verify(&self, call: ipc::AuditVerify) -> Result<AuditProof, Fault> {
        let looked = self.look_at_checkpoint(None).await?;
        let record = self.prove_record(&looked.seen, call.record).await?;
        let history = self.prove_history(&looked).await?;
        let proof = AuditProof {
            size: looked.seen.size,
            root: looked.seen.root.to_string(),
            signature: looked.signature,
            record,
            history,
            restarted: looked.seen.restarted.map(ipc::AuditRestarted::from),
        };
        if proof::is_good(&proof) {
            self.remember_checkpoint(looked.seen).await;
        }
        Ok(proof)
    }

    /// What is written down here is what an officer saw and typed a word for: a checkpoint of the
    /// size and the root that were shown, and signed.
    pub async fn audit_restart(&self, call: ipc::AuditRestart) -> Result<(), Fault> {
        let looked = self.look_at_checkpoint(Some(call.size)).await?;
        let is_shown = looked.seen.root.to_string() == call.root;
        if !is_shown || looked.signature == ipc::SignatureProof::Wrong {
            return Err(proof::not_as_shown());
        }
        self.restart_from(looked).await
    }
}
