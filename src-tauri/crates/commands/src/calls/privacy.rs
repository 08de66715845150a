//! The rights of who is signed in over their data, as the server grants them.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use api::privacy as http;
use ipc::{
    Consent, ConsentEntry, Erasure, Event, Export, ExportState, Fault, Holding, PrivacyView,
    SavedFile, Saving,
};

use crate::{
    Facade,
    clock::{date, now_us},
    fault,
    server::Request,
};

/// Between two words on how much of a file has come.
const PROGRESS_STEP: Duration = Duration::from_millis(200);

impl Facade {
    pub async fn privacy_view(&self, _call: ipc::PrivacyGet) -> Result<PrivacyView, Fault> {
        let view: http::PrivacyView = self.inner.server.json(Request::get("/privacy")).await?;
        Ok(PrivacyView {
            holdings: view.holdings.into_iter().map(holding).collect(),
            consents: view.consents.into_iter().map(consent).collect(),
            is_restricted: view.is_restricted,
            export: view.export.map(export),
            erasure: view.erasure.map(erasure),
            cooling_off_days: view.cooling_off_days,
        })
    }

    pub async fn consent_update(&self, call: ipc::ConsentUpdate) -> Result<Consent, Fault> {
        let ipc::ConsentUpdate { purpose, version, is_given } = call;
        let body = http::ConsentUpdate { purpose, version, is_given };
        self.inner.server.json(Request::post("/privacy/consents", &body)?).await.map(consent)
    }

    pub async fn restriction_update(&self, call: ipc::RestrictionUpdate) -> Result<(), Fault> {
        let body = http::RestrictionUpdate { is_restricted: call.is_restricted };
        self.inner.server.send(&Request::post("/privacy/restriction", &body)?).await.map(drop)
    }

    pub async fn subject_export(&self, _call: ipc::SubjectExport) -> Result<Export, Fault> {
        self.inner.server.json(Request::post_empty("/privacy/exports")).await.map(export)
    }

    pub async fn export_view(&self, call: ipc::ExportGet) -> Result<Export, Fault> {
        let path = format!("/privacy/exports/{}", call.id);
        self.inner.server.json(Request::get(&path)).await.map(export)
    }

    /// Tells how much has come while it does.
    pub async fn export_save(&self, call: ipc::ExportSave) -> Result<SavedFile, Fault> {
        let ready = self.export_view(ipc::ExportGet { id: call.id }).await?;
        if ready.state != ExportState::Ready {
            return Err(fault::invalid(
                "There is no such export to be saved.",
                "Make another one.",
            ));
        }
        let stem = format!("melodyud-export-{}", date(now_us()));
        let path = format!("/privacy/exports/{}/file", call.id);
        let tell = |done_bytes| {
            let saving = Saving { export: call.id, done_bytes, size_bytes: ready.size_bytes };
            self.inner.news.tell(Event::Saving(saving));
        };
        let mut told_at = Instant::now();
        let progress = |done_bytes| {
            if told_at.elapsed() >= PROGRESS_STEP {
                told_at = Instant::now();
                tell(done_bytes);
            }
        };
        let mut part = self.inner.downloads.begin(&stem, "zip").await?;
        let size_bytes = self.inner.server.download(&path, &mut part.file, progress).await?;
        // Whatever cut it off on the way, half of one is none.
        if ready.size_bytes.is_some_and(|expected| expected != size_bytes) {
            return Err(fault::other("The file came incomplete.", "Save it again."));
        }
        let saved = part.keep().await?;
        tell(size_bytes);
        Ok(SavedFile { path: saved.display().to_string(), size_bytes })
    }

    /// The file that was saved last; the shell can show it, and no other.
    pub fn saved_export(&self) -> Result<PathBuf, Fault> {
        self.inner.downloads.last().ok_or_else(|| fault::not_found("Nothing was saved yet."))
    }

    pub async fn subject_erase(&self, _call: ipc::SubjectErase) -> Result<Erasure, Fault> {
        self.inner.server.json(Request::post_empty("/privacy/erasure")).await.map(erasure)
    }

    pub async fn erasure_cancel(&self, _call: ipc::ErasureCancel) -> Result<(), Fault> {
        self.inner.server.send(&Request::delete("/privacy/erasure")).await.map(drop)
    }
}

fn holding(holding: http::HoldingView) -> Holding {
    let http::HoldingView { service, table, what, why, kept, stays } = holding;
    Holding { service, table, what, why, kept, stays }
}

fn consent(consent: http::ConsentView) -> Consent {
    let http::ConsentView { purpose, title, text, version, is_given, history } = consent;
    let entry = |entry: http::ConsentEntry| ConsentEntry {
        version: entry.version,
        is_given: entry.is_given,
        at_us: entry.at_us,
    };
    let history = history.into_iter().map(entry).collect();
    Consent { purpose, title, text, version, is_given, history }
}

pub(super) fn export(export: http::ExportView) -> Export {
    Export {
        id: export.id,
        asked_at_us: export.asked_at_us,
        state: match export.state {
            http::ExportState::Running => ExportState::Running,
            http::ExportState::Ready => ExportState::Ready,
            http::ExportState::Failed => ExportState::Failed,
            http::ExportState::Expired => ExportState::Expired,
        },
        n_done: export.n_done,
        n_total: export.n_total,
        size_bytes: export.size_bytes,
        expires_at_us: export.expires_at_us,
    }
}

pub(super) fn erasure(erasure: http::ErasureView) -> Erasure {
    let http::ErasureView { id, asked_at_us, due_at_us, is_held } = erasure;
    Erasure { id, asked_at_us, due_at_us, is_held }
}
