//! Who holds what about persons.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    AccountId,
    subject::{Holding, OnErasure},
};
use engine_sql::{Db, acts, subject};
use serde_json::Value;
use svc_governance::Vault;
use svc_privacy::peer::{HeldFile, Holder, Page, PeerError, Row, Subject};

use crate::mail::folder::{self, MailFolder};

/// A service whose rows are found by the columns that it names.
pub struct Tables {
    pub service: &'static str,
    pub holdings: &'static [Holding],
    pub db: Db,
    /// Erases what more there is to it than rows.
    pub eraser: Option<Arc<dyn Eraser>>,
}

impl Tables {
    pub fn erased_by<E: Eraser + 'static>(self, service: &Arc<E>) -> Self {
        let eraser: Arc<dyn Eraser> = service.clone();
        Self { eraser: Some(eraser), ..self }
    }
}

/// A service that forgets a person by itself.
#[async_trait]
pub trait Eraser: Send + Sync {
    async fn erase(&self, account: AccountId) -> Result<(), PeerError>;
}

macro_rules! erasers {
    ($($service:ident: $operation:literal),* $(,)?) => {
        $(
            #[async_trait]
            impl Eraser for $service::Service {
                async fn erase(&self, account: AccountId) -> Result<(), PeerError> {
                    let erased = self.subject_erase(account).await;
                    erased.map_err(|error| PeerError::new($operation, error))
                }
            }
        )*
    };
}

erasers!(
    svc_accounts: "erase an account",
    svc_billing: "erase a subscription",
    svc_mfa: "erase a second factor",
    svc_signin: "erase passkeys and providers",
    svc_uploads: "erase uploads",
);

#[async_trait]
impl Holder for Tables {
    fn service(&self) -> &'static str {
        self.service
    }

    fn holdings(&self) -> &'static [Holding] {
        self.holdings
    }

    async fn rows(
        &self,
        of: &'static Holding,
        subject: &Subject,
        page: Page,
    ) -> Result<Vec<Row>, PeerError> {
        subject::rows(&self.db, of, subject.account, page).await.map_err(unread)
    }

    async fn n_rows(&self, of: &'static Holding, subject: &Subject) -> Result<u64, PeerError> {
        subject::n_rows(&self.db, of, subject.account).await.map_err(unread)
    }

    async fn erase(&self, subject: &Subject) -> Result<(), PeerError> {
        if let Some(eraser) = &self.eraser {
            return eraser.erase(subject.account).await;
        }
        let erased = self.db.with_tx(|mut tx| async move {
            for holding in self.holdings {
                subject::delete(&mut tx, holding, subject.account).await?;
            }
            Ok::<_, engine_sql::Error>(())
        });
        erased.await.map_err(|error| PeerError::new("erase rows of a person", error))
    }
}

/// What services have still to tell: mails that wait to be sent.
pub struct Outbox {
    pub db: Db,
}

const WAITING: &[Holding] = &[Holding {
    table: "outbox",
    keys: &[],
    what: "Mails to you that wait to be sent",
    why: "To send them",
    kept: "Seconds; a day where they cannot be sent",
    secret: &[],
    on_erasure: OnErasure::Delete,
}];

#[async_trait]
impl Holder for Outbox {
    fn service(&self) -> &'static str {
        "outbox"
    }

    fn holdings(&self) -> &'static [Holding] {
        WAITING
    }

    async fn rows(
        &self,
        _: &'static Holding,
        subject: &Subject,
        page: Page,
    ) -> Result<Vec<Row>, PeerError> {
        let waiting = subject::waiting(&self.db, subject.account).await.map_err(unread)?;
        Ok(paged(waiting, page))
    }

    async fn n_rows(&self, _: &'static Holding, subject: &Subject) -> Result<u64, PeerError> {
        let waiting = subject::waiting(&self.db, subject.account).await.map_err(unread)?;
        Ok(waiting.len() as u64)
    }

    async fn erase(&self, subject: &Subject) -> Result<(), PeerError> {
        let account = subject.account;
        let erased = self
            .db
            .with_tx(|mut tx| async move { subject::waiting_delete(&mut tx, account).await });
        erased.await.map_err(|error| PeerError::new("forget what waits", error))
    }
}

/// Mails that were written to files.
pub struct Mails {
    pub folder: MailFolder,
}

const MAILS: &[Holding] = &[Holding {
    table: "mails",
    keys: &[],
    what: "Mails to you that were written to files, where the server sends none",
    why: "So that the operator can hand them over",
    kept: "30 days",
    secret: &[],
    on_erasure: OnErasure::Delete,
}];

impl Mails {
    async fn with<T: Send + 'static>(
        &self,
        subject: &Subject,
        operation: &'static str,
        work: impl Fn(&std::path::Path) -> std::io::Result<T> + Send + 'static,
    ) -> Result<Vec<T>, PeerError> {
        let (folder, Subject { account, email }) = (self.folder.clone(), subject.clone());
        let done = tokio::task::spawn_blocking(move || {
            let mails = folder.mails_to(account, email.as_deref())?;
            mails.iter().map(|path| work(path)).collect::<std::io::Result<Vec<T>>>()
        });
        let done = done.await.map_err(|error| PeerError::new(operation, error))?;
        done.map_err(|error| PeerError::new(operation, error))
    }
}

#[async_trait]
impl Holder for Mails {
    fn service(&self) -> &'static str {
        "mail"
    }

    fn holdings(&self) -> &'static [Holding] {
        MAILS
    }

    /// They are files.
    async fn rows(&self, _: &'static Holding, _: &Subject, _: Page) -> Result<Vec<Row>, PeerError> {
        Ok(Vec::new())
    }

    async fn n_rows(&self, _: &'static Holding, subject: &Subject) -> Result<u64, PeerError> {
        Ok(self.with(subject, "count mails", |_| Ok(())).await?.len() as u64)
    }

    async fn files(&self, subject: &Subject) -> Result<Vec<HeldFile>, PeerError> {
        let read = |path: &std::path::Path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Ok(HeldFile { name, bytes: std::fs::read(path)? })
        };
        self.with(subject, "read mails", read).await
    }

    async fn erase(&self, subject: &Subject) -> Result<(), PeerError> {
        self.with(subject, "delete mails", folder::delete).await.map(drop)
    }
}

/// What is sealed in the vault. It is the last to go, by its key.
pub struct Sealed {
    pub db: Db,
    pub vault: Arc<Vault>,
}

/// Beginnings of the names of fields that are the person's to read. What else there is are
/// secrets, which are of use to an attacker alone.
const READABLE: &[&str] = &["email.", "birth_date"];

/// Fields that are files, with their names.
const PICTURES: &[&str] = &["avatar"];

#[async_trait]
impl Holder for Sealed {
    fn service(&self) -> &'static str {
        "vault"
    }

    fn holdings(&self) -> &'static [Holding] {
        svc_governance::VAULT_HOLDINGS
    }

    /// Fields with what is sealed in them, opened.
    async fn rows(
        &self,
        of: &'static Holding,
        subject: &Subject,
        page: Page,
    ) -> Result<Vec<Row>, PeerError> {
        let mut rows = subject::rows(&self.db, of, subject.account, page).await.map_err(unread)?;
        for row in &mut rows {
            let Some(field) = row.get("field").and_then(Value::as_str) else { continue };
            if !READABLE.iter().any(|start| field.starts_with(start)) {
                continue;
            }
            let opened = self.vault.get(&acts::account(subject.account), field).await;
            let opened = opened.map_err(|error| PeerError::new("open what is sealed", error))?;
            let text = opened.and_then(|bytes| String::from_utf8(bytes).ok());
            row.insert("value".to_owned(), text.map_or(Value::Null, Value::String));
        }
        Ok(rows)
    }

    async fn n_rows(&self, of: &'static Holding, subject: &Subject) -> Result<u64, PeerError> {
        subject::n_rows(&self.db, of, subject.account).await.map_err(unread)
    }

    async fn files(&self, subject: &Subject) -> Result<Vec<HeldFile>, PeerError> {
        let mut files = Vec::new();
        for name in PICTURES {
            let opened = self.vault.get(&acts::account(subject.account), name).await;
            let opened = opened.map_err(|error| PeerError::new("open a picture", error))?;
            files.extend(
                opened.map(|bytes| HeldFile { name: format!("{name}.{}", kind(&bytes)), bytes }),
            );
        }
        Ok(files)
    }

    /// Its key goes when everyone else is done: until then, something is still sealed under it.
    async fn erase(&self, _: &Subject) -> Result<(), PeerError> {
        Ok(())
    }
}

/// By the first bytes, as the formats begin.
fn kind(bytes: &[u8]) -> &'static str {
    match bytes {
        [0xff, 0xd8, ..] => "jpg",
        [0x89, b'P', b'N', b'G', ..] => "png",
        [b'R', b'I', b'F', b'F', ..] => "webp",
        _ => "bin",
    }
}

fn paged(rows: Vec<Row>, page: Page) -> Vec<Row> {
    let offset = usize::try_from(page.offset).unwrap_or(usize::MAX);
    rows.into_iter().skip(offset).take(page.limit as usize).collect()
}

fn unread(error: engine_sql::Error) -> PeerError {
    PeerError::new("read what is held about a person", error)
}
