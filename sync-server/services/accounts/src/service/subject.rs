//! What happens to all that is held about a person: erasure, and the end of what is kept.

use std::collections::HashSet;

use domain::AccountId;

use super::{Service, seconds};
use crate::Error;

/// What is kept for some time only.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Retained {
    /// Sessions, from the day they ended.
    EndedSessions,
    /// Links in mails, from the day they expired.
    ExpiredLinks,
}

impl Service {
    /// Forgets an account: it cannot sign in any more, and its address is free. What is in the
    /// vault is the vault's to forget. What is not there is no error.
    pub async fn subject_erase(&self, account: AccountId) -> Result<(), Error> {
        let now_s = seconds((self.clock)());
        for session in self.store.erase(account).await? {
            self.keys.end_session(session, now_s);
        }
        Ok(())
    }

    /// Whether there is such an account. Nothing of it is opened.
    pub async fn account_exists(&self, account: AccountId) -> Result<bool, Error> {
        self.store.account_exists(account).await
    }

    /// How much is older than it should be, and of nobody whose data is held.
    pub async fn retained_due(
        &self,
        what: Retained,
        before_us: i64,
        held: &HashSet<AccountId>,
    ) -> Result<u64, Error> {
        self.store.retained_due(what, before_us, held).await
    }

    /// Forgets what is; answers how much it was.
    pub async fn retained_drop(
        &self,
        what: Retained,
        before_us: i64,
        held: &HashSet<AccountId>,
    ) -> Result<u64, Error> {
        self.store.retained_drop(what, before_us, held).await
    }

    /// Puts a name right, for a compliance officer.
    pub async fn display_name_set(&self, account: AccountId, typed: &str) -> Result<(), Error> {
        let display_name = ::profile::name(typed, "display name")?;
        self.store.display_name_set(account, &display_name).await
    }
}
