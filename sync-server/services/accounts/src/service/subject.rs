//! What happens to all that is held about a person: erasure, and the end of what is kept.

use domain::AccountId;
use web::ApiError;

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
    /// Whether the account can be erased at all.
    pub async fn subject_may_erase(&self, account: AccountId) -> Result<(), Error> {
        if self.store.is_last_owner(account).await? {
            return Err(ApiError::conflict(
                "You are the last owner of this server.",
                "Make someone else an owner first.",
            )
            .into());
        }
        Ok(())
    }

    /// Forgets an account: it cannot sign in any more, and its address is free. What is in the
    /// vault is the vault's to forget. What is not there is no error.
    pub async fn subject_erase(&self, account: AccountId) -> Result<(), Error> {
        let now_s = seconds((self.clock)());
        for session in self.store.erase(account).await? {
            self.keys.end_session(session, now_s);
        }
        Ok(())
    }

    /// How much is older than it should be.
    pub async fn retained_due(&self, what: Retained, before_us: i64) -> Result<u64, Error> {
        self.store.retained_due(what, before_us).await
    }

    /// Forgets what is; answers how much it was.
    pub async fn retained_drop(&self, what: Retained, before_us: i64) -> Result<u64, Error> {
        self.store.retained_drop(what, before_us).await
    }

    /// Puts a name right, for a compliance officer.
    pub async fn display_name_set(&self, account: AccountId, typed: &str) -> Result<(), Error> {
        let display_name = ::profile::name(typed, "display name")?;
        self.store.display_name_set(account, &display_name).await
    }
}
