//! What is kept for a time only.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use async_trait::async_trait;
use domain::audit::RetentionClass;
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
        let due = self.log.contents_due(self.class, before_us, &held.tokens).await;
        due.map_err(|error| PeerError::new("count old audit records", error))
    }

    async fn drop_before(&self, before_us: i64, held: &Held) -> Result<u64, PeerError> {
        let dropped = self.log.contents_drop(self.class, before_us, &held.tokens).await;
        dropped.map_err(|error| PeerError::new("drop old audit records", error))
    }
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
        let due = self.accounts.retained_due(self.what, before_us, &held.accounts).await;
        due.map_err(|error| PeerError::new("count what accounts kept", error))
    }

    async fn drop_before(&self, before_us: i64, held: &Held) -> Result<u64, PeerError> {
        let dropped = self.accounts.retained_drop(self.what, before_us, &held.accounts).await;
        dropped.map_err(|error| PeerError::new("drop what accounts kept", error))
    }
}

/// Mails that were written to files. They are copies of what their persons have.
pub struct OldMails {
    pub folder: MailFolder,
    pub accounts: Arc<svc_accounts::Service>,
}

impl OldMails {
    /// Those of nobody who is held.
    async fn free(&self, before_us: i64, held: &Held) -> Result<Vec<PathBuf>, PeerError> {
        let before = UNIX_EPOCH + Duration::from_micros(u64::try_from(before_us).unwrap_or(0));
        let old = self.on_thread(move |folder| folder.mails_before(before)).await?;
        if held.accounts.is_empty() {
            return Ok(old);
        }
        let mut free = Vec::with_capacity(old.len());
        for mail in old {
            if !self.is_held(&mail, held).await? {
                free.push(mail);
            }
        }
        Ok(free)
    }

    /// Whether a mail is to someone who is held. One that could be to anybody, since its address is
    /// nobody's any more, is kept as well.
    async fn is_held(&self, mail: &Path, held: &Held) -> Result<bool, PeerError> {
        let mail = mail.to_owned();
        let Some(to) = self.on_thread(move |_| folder::addressee(&mail)).await? else {
            return Ok(false);
        };
        let mut accounts = to.accounts;
        if let (true, Some(address)) = (accounts.is_empty(), to.address) {
            let found = self.accounts.account_find(&address).await;
            accounts.extend(found.map_err(|error| PeerError::new("find an account", error))?);
        }
        Ok(accounts.is_empty() || accounts.iter().any(|to| held.accounts.contains(to)))
    }

    async fn on_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce(&MailFolder) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T, PeerError> {
        let folder = self.folder.clone();
        let done = tokio::task::spawn_blocking(move || work(&folder)).await;
        let done = done.map_err(|error| PeerError::new("look at old mails", error))?;
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

    async fn due(&self, before_us: i64, held: &Held) -> Result<u64, PeerError> {
        Ok(self.free(before_us, held).await?.len() as u64)
    }

    async fn drop_before(&self, before_us: i64, held: &Held) -> Result<u64, PeerError> {
        let free = self.free(before_us, held).await?;
        let n_dropped = free.len() as u64;
        self.on_thread(move |_| free.iter().try_for_each(|mail| folder::delete(mail))).await?;
        Ok(n_dropped)
    }
}
