//! Erasures (GDPR, article 17): asked for, taken back perhaps, then done for good.
//!
//! asked -> running -> done. What runs asks every holder in turn, destroys the person's key in the
//! vault, makes sure that nothing is left, and has the database forget. Each step may be done
//! again, so a run that was cut off begins anew, from its first step: what was written
//! meanwhile goes as well. It ends in one row, and two acts in the audit log.

use api::privacy::ErasureView;
use domain::{AccountId, ids::ErasureId, subject::OnErasure};
use engine_sql::acts::{self, By};
use web::ApiError;

use super::{Service, token};
use crate::{
    Error,
    calendar::DAY_US,
    peer::Subject,
    store::{Erasure, ErasureState, NewErasure},
};

/// The field of the vault that keeps the address until the end, for files that are found by it.
/// The vault is the last to forget.
const ADDRESS: &str = "erasure.address";

impl Service {
    /// Asks for everything about a person to be erased. `by` is the person, or an officer.
    pub async fn erasure_create(
        &self,
        account: AccountId,
        by: AccountId,
    ) -> Result<ErasureView, Error> {
        self.accounts.may_erase(account).await?;
        let now_us = (self.clock)();
        let new = NewErasure {
            account,
            id: ErasureId::new(self.now_ms(), rand::random()),
            now_us,
            due_at_us: now_us + i64::from(self.settings.cooling_off_days) * DAY_US,
            act: By::account(by, now_us).privacy("subject_erase", acts::account(account)),
        };
        let erasure = self.store.erasure_create(&new).await?;
        self.acted();
        self.erasure_asked.notify_one();
        Ok(erasure.view)
    }

    /// Takes back an erasure that has not begun.
    pub async fn erasure_cancel(&self, account: AccountId) -> Result<(), Error> {
        let now_us = (self.clock)();
        let by = By::account(account, now_us);
        let act = by.privacy("subject_erase_cancel", acts::account(account));
        if !self.store.erasure_cancel(account, &act).await? {
            return Err(ApiError::not_found("erasure that could be taken back").into());
        }
        self.acted();
        Ok(())
    }

    /// Does what is due. One that cannot be done now is tried again in the next round, and holds
    /// up no other.
    pub async fn erasures_do(&self) -> Result<(), Error> {
        let mut erased = Vec::new();
        for erasure in self.store.erasures_due((self.clock)()).await? {
            match self.erasure_do(&erasure).await {
                Ok(true) => erased.push(erasure),
                Ok(false) => {}
                Err(error) => {
                    let error = web::error::chain(&error);
                    tracing::error!(
                        erasure.id = %erasure.view.id, error, "an erasure is not done yet"
                    );
                }
            }
        }
        if erased.is_empty() {
            return Ok(());
        }
        // It costs the same for all of them.
        self.store.db().forget().await?;
        for erasure in &erased {
            let by = By { actor: None, now_us: (self.clock)() };
            let act = by.privacy("subject_erase_done", token("erasure", erasure.view.id));
            self.store.erasure_done(erasure, &act).await?;
            tracing::info!(erasure.id = %erasure.view.id, "an erasure is done");
        }
        self.acted();
        Ok(())
    }

    /// Erases everything; `false` where it has not begun.
    async fn erasure_do(&self, erasure: &Erasure) -> Result<bool, Error> {
        if erasure.state == ErasureState::Asked && !self.erasure_begin(erasure).await? {
            return Ok(false);
        }
        let account = erasure.account;
        let email = self.vault.get(account, ADDRESS).await?;
        let email = email.and_then(|email| String::from_utf8(email).ok());
        let subject = Subject { account, email };
        for holder in &self.holders {
            holder.erase(&subject).await?;
        }
        self.vault.shred(account).await?;
        self.check_nothing_left(&subject).await?;
        Ok(true)
    }

    async fn erasure_begin(&self, erasure: &Erasure) -> Result<bool, Error> {
        let account = erasure.account;
        // Since it was asked for, others may have gone.
        self.accounts.may_erase(account).await?;
        if let Some(person) = self.accounts.person(account).await? {
            self.vault.put(account, ADDRESS, person.email.as_bytes()).await?;
        }
        let by = By { actor: None, now_us: (self.clock)() };
        let act = by.privacy("subject_erase_begin", acts::account(account));
        let is_begun = self.store.erasure_begin(erasure, &act).await?;
        self.acted();
        Ok(is_begun)
    }

    /// A request that was under way may have written after its holder was asked.
    async fn check_nothing_left(&self, subject: &Subject) -> Result<(), Error> {
        for holder in &self.holders {
            let goes = holder.holdings().iter().filter(|of| of.on_erasure == OnErasure::Delete);
            for holding in goes {
                let n_rows = holder.n_rows(holding, subject).await?;
                if n_rows > 0 {
                    let (service, table) = (holder.service(), holding.table);
                    return Err(Error::Left { service, table, n_rows });
                }
            }
        }
        Ok(())
    }
}
