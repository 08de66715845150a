//! What privacy itself holds about persons: it is a holder like all others, and keeps rules.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use domain::{
    AccountId,
    ids::ExportId,
    subject::{Holding, Key, OnErasure},
};
use engine_sql::subject;

use crate::{
    Error,
    peer::{Held, Holder, Page, PeerError, Retained, Row, Subject, Vault},
    store::{Past, Store},
};

const ACCOUNT: &[Key] = &[Key::Id("account_id")];

/// All tables of this service.
pub const HOLDINGS: &[Holding] = &[
    Holding {
        table: "privacy_consent",
        keys: ACCOUNT,
        what: "What you agreed to, and what not",
        why: "To keep to it, and to prove it",
        kept: "As long as the account; that you answered stays in the audit log",
        secret: &[],
        on_erasure: OnErasure::Delete,
    },
    Holding {
        table: "privacy_standing",
        keys: ACCOUNT,
        what: "Whether you have your data kept and not used, or the law has it kept",
        why: "To keep to it: until it ends, nothing of yours goes by its age; and where it is you who \
              asked, nothing is added by what you play",
        kept: "As long as the account",
        secret: &[],
        on_erasure: OnErasure::Delete,
    },
    Holding {
        table: "privacy_export",
        keys: ACCOUNT,
        what: "Exports of your data",
        why: "To give you a copy of your data",
        kept: "Usually 7 days for the file, 30 for that there was one",
        secret: &[],
        on_erasure: OnErasure::Delete,
    },
    Holding {
        table: "privacy_erasure",
        keys: ACCOUNT,
        what: "That you asked for your data to be erased",
        why: "To do it, and to show that it was done",
        kept: "For good",
        secret: &[],
        on_erasure: OnErasure::Keep {
            why: "It proves that the erasure was done; the number in it means nothing any more",
        },
    },
    Holding {
        table: "privacy_case",
        keys: ACCOUNT,
        what: "Requests of yours that a compliance officer handles",
        why: "To serve them in time, and to show that they were",
        kept: "Usually 3 years after they were closed",
        secret: &[],
        on_erasure: OnErasure::Keep {
            why: "It proves that a duty was met; the number in it means nothing any more",
        },
    },
];

/// The holder of [`HOLDINGS`] and of the files of exports.
pub struct Own {
    pub store: Store,
    pub vault: Arc<dyn Vault>,
    pub folder: PathBuf,
}

#[async_trait]
impl Holder for Own {
    fn service(&self) -> &'static str {
        "privacy"
    }

    fn holdings(&self) -> &'static [Holding] {
        HOLDINGS
    }

    async fn rows(
        &self,
        of: &'static Holding,
        subject: &Subject,
        page: Page,
    ) -> Result<Vec<Row>, PeerError> {
        let rows = subject::rows(self.store.db(), of, subject.account, page).await;
        rows.map_err(|error| PeerError::new("read what privacy holds", error))
    }

    async fn n_rows(&self, of: &'static Holding, subject: &Subject) -> Result<u64, PeerError> {
        let n = subject::n_rows(self.store.db(), of, subject.account).await;
        n.map_err(|error| PeerError::new("count what privacy holds", error))
    }

    async fn erase(&self, subject: &Subject) -> Result<(), PeerError> {
        self.erase_all(subject.account)
            .await
            .map_err(|error| PeerError::new("erase what privacy holds", error))
    }
}

impl Own {
    async fn erase_all(&self, account: AccountId) -> Result<(), Error> {
        // The files while there are rows that lead to them.
        while let Some(export) = self.store.export_with_file(account).await? {
            self.vault.delete(account, &export_field(export.view.id)).await?;
            file_delete(&export_path(&self.folder, export.view.id)).await?;
            self.store.export_expire(&export).await?;
        }
        self.store.forget(account).await
    }
}

/// The file of an export that is ready.
pub fn export_path(folder: &Path, id: ExportId) -> PathBuf {
    folder.join(format!("{id}.sealed"))
}

/// The field of the vault with its key.
pub fn export_field(id: ExportId) -> String {
    format!("export.{}", id.uuid().simple())
}

/// Deleting what is not there is no error.
pub async fn file_delete(path: &Path) -> Result<(), Error> {
    match tokio::fs::remove_file(path).await {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::file("delete")(error)),
        _ => Ok(()),
    }
}

/// What of it has an end to its keeping.
pub fn retained(store: &Store) -> [Arc<dyn Retained>; 2] {
    [Past::Cases, Past::Exports]
        .map(|what| Arc::new(OwnPast { store: store.clone(), what }) as Arc<dyn Retained>)
}

struct OwnPast {
    store: Store,
    what: Past,
}

#[async_trait]
impl Retained for OwnPast {
    fn id(&self) -> &'static str {
        match self.what {
            Past::Cases => "done_cases",
            Past::Exports => "exports",
        }
    }

    fn what(&self) -> &'static str {
        match self.what {
            Past::Cases => "Cases, from the day they were closed",
            Past::Exports => "That someone had an export of their data",
        }
    }

    async fn due(&self, before_us: i64, held: &Held) -> Result<u64, PeerError> {
        let past = self.store.past(self.what, before_us, held).await;
        Ok(past.map_err(|error| PeerError::new("count what is past", error))?.len() as u64)
    }

    async fn drop_before(&self, before_us: i64, held: &Held) -> Result<u64, PeerError> {
        let dropped = async {
            let past = self.store.past(self.what, before_us, held).await?;
            self.store.past_delete(self.what, &past).await?;
            Ok::<_, Error>(past.len() as u64)
        };
        dropped.await.map_err(|error| PeerError::new("drop what is past", error))
    }
}
