//! What is kept for a time only.

use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use async_trait::async_trait;
use domain::audit::RetentionClass;
use engine_sql::acts;
use svc_privacy::peer::{Held, PeerError, Retained};

use crate::mail::folder::{self, MailFolder};

/// What records of the audit log say.
pub struct Contents {
    pub log: Arc<svc_governance::Service>,
    pub class: RetentionClass,
}

#[async_trait]
impl Retained for Contents {
    fn id(&self) -> &'static str {
        match self.class {
            RetentionClass::Access => "audit_access",
            RetentionClass::Privacy => "audit_privacy",
            RetentionClass::Security => "audit_security",
        }
    }

    fn what(&self) -> &'static str {
        match self.class {
            RetentionClass::Access => "Audit records of who came in and looked at what",
            RetentionClass::Privacy => "Audit records of what was done with data of persons",
            RetentionClass::Security => "Audit records of who may do what, keys and settings",
        }
    }

    fn class(&self) -> Option<RetentionClass> {
        Some(self.class)
    }

    async fn due(&self, before_us: i64, held: &Held) -> Result<u64, PeerError> {
        let due = self.log.contents_due(self.class, before_us, &tokens(held)).await;
        due.map_err(|error| PeerError::new("count old audit records", error))
    }

    async fn drop_before(&self, before_us: i64, held: &Held) -> Result<u64, PeerError> {
        let dropped = self.log.contents_drop(self.class, before_us, &tokens(held)).await;
        dropped.map_err(|error| PeerError::new("drop old audit records", error))
    }
}

fn tokens(held: &Held) -> HashSet<String> {
    held.iter().map(|account| acts::account(*account).to_string()).collect()
}

/// What accounts keeps for a time.
pub struct OfAccounts {
    pub accounts: Arc<svc_accounts::Service>,
    pub what: svc_accounts::Retained,
}

#[async_trait]
impl Retained for OfAccounts {
    fn id(&self) -> &'static str {
        match self.what {
            svc_accounts::Retained::EndedSessions => "ended_sessions",
            svc_accounts::Retained::ExpiredLinks => "expired_links",
        }
    }

    fn what(&self) -> &'static str {
        match self.what {
            svc_accounts::Retained::EndedSessions => "Sign-ins, from the day they ended",
            svc_accounts::Retained::ExpiredLinks => "Links in mails, from the day they expired",
        }
    }

    async fn due(&self, before_us: i64, held: &Held) -> Result<u64, PeerError> {
        if !held.is_empty() {
            return Ok(0);
        }
        let due = self.accounts.retained_due(self.what, before_us).await;
        due.map_err(|error| PeerError::new("count what accounts kept", error))
    }

    /// Accounts does not tell whose they are: while anyone is held, all stay.
    async fn drop_before(&self, before_us: i64, held: &Held) -> Result<u64, PeerError> {
        if !held.is_empty() {
            return Ok(0);
        }
        let dropped = self.accounts.retained_drop(self.what, before_us).await;
        dropped.map_err(|error| PeerError::new("drop what accounts kept", error))
    }
}

/// Mails that were written to files. They are copies of what their persons have.
pub struct OldMails {
    pub folder: MailFolder,
}

impl OldMails {
    async fn with<T: Send + 'static>(
        &self,
        before_us: i64,
        work: impl FnOnce(Vec<std::path::PathBuf>) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T, PeerError> {
        let folder = self.folder.clone();
        let before = UNIX_EPOCH + Duration::from_micros(u64::try_from(before_us).unwrap_or(0));
        let done = tokio::task::spawn_blocking(move || work(folder.mails_before(before)?));
        let done = done.await.map_err(|error| PeerError::new("look at old mails", error))?;
        done.map_err(|error| PeerError::new("look at old mails", error))
    }
}

#[async_trait]
impl Retained for OldMails {
    fn id(&self) -> &'static str {
        "written_mails"
    }

    fn what(&self) -> &'static str {
        "Mails that were written to files"
    }

    async fn due(&self, before_us: i64, _: &Held) -> Result<u64, PeerError> {
        self.with(before_us, |mails| Ok(mails.len() as u64)).await
    }

    async fn drop_before(&self, before_us: i64, _: &Held) -> Result<u64, PeerError> {
        let delete = |mails: Vec<std::path::PathBuf>| {
            mails.iter().try_for_each(|mail| folder::delete(mail))?;
            Ok(mails.len() as u64)
        };
        self.with(before_us, delete).await
    }
}
