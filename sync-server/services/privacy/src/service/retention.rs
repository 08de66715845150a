//! Retention: each rule says how long something is kept; a nightly job drops what is older. It drops
//! nothing of those whose data is held by law, or restricted (`restrictions`).

use std::sync::Arc;

use api::compliance::{RetentionRule, RetentionView};
use domain::{
    AccountId,
    audit::{Act, Reason, Token},
};
use engine_sql::acts::By;

use super::Service;
use crate::{
    Error, Rule,
    calendar::{self, DAY_US},
    peer::{Held, Retained},
};

/// A sign-up that has come to nothing leaves a key in the vault. One that is younger, an hour, may
/// be under way; one that is older, 30 days, was seen by a run before.
const SIGN_UP_MS: std::ops::Range<u64> = 60 * 60 * 1_000..30 * 24 * 60 * 60 * 1_000;

/// A request that was under way while its account was erased may have made a new key; runs look at
/// those who were erased so long before: a week.
const ERASED_US: i64 = 7 * DAY_US;

/// Keys of the vault looked at together.
const BATCH_KEYS: u32 = 500;

/// Something that is kept, and for how long.
pub struct Kept {
    what: Arc<dyn Retained>,
    days: u32,
}

/// What one run did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Dropped {
    pub id: &'static str,
    pub n: u64,
}

/// Every rule goes with something that is kept, and the other way round.
pub fn kept(
    retained: impl IntoIterator<Item = Arc<dyn Retained>>,
    rules: &[Rule],
) -> Result<Vec<Kept>, Error> {
    let retained: Vec<Arc<dyn Retained>> = retained.into_iter().collect();
    let is_known = |rule: &&Rule| retained.iter().any(|what| what.id() == rule.id);
    if let Some(unknown) = rules.iter().find(|rule| !is_known(rule)) {
        return Err(Error::RuleUnknown { id: unknown.id.clone() });
    }
    let with_rule = |what: Arc<dyn Retained>| {
        let rule = rules.iter().find(|rule| rule.id == what.id());
        let rule = rule.ok_or(Error::RuleMissing { id: what.id() })?;
        Ok(Kept { what, days: rule.days })
    };
    retained.into_iter().map(with_rule).collect()
}

impl Kept {
    fn before_us(&self, now_us: i64) -> i64 {
        now_us.saturating_sub(i64::from(self.days) * DAY_US)
    }

    /// How much a run would drop now, and how much more it would without anyone held.
    async fn due(&self, now_us: i64, held: &Held) -> Result<(u64, u64), Error> {
        let before_us = self.before_us(now_us);
        let n_due = self.what.due(before_us, held).await?;
        if held.accounts.is_empty() {
            return Ok((n_due, 0));
        }
        let n_old = self.what.due(before_us, &Held::default()).await?;
        Ok((n_due, n_old.saturating_sub(n_due)))
    }
}

impl Service {
    /// The rules, what the last run did, and what one would do now.
    pub async fn retention(&self) -> Result<RetentionView, Error> {
        let now_us = (self.clock)();
        let run = self.store.run(now_us).await?;
        let dropped = self.store.dropped().await?;
        let held = self.store.held().await?;
        let mut rules = Vec::with_capacity(self.kept.len());
        for kept in &self.kept {
            let (n_due, n_held) = kept.due(now_us, &held).await?;
            rules.push(RetentionRule {
                id: kept.what.id().to_owned(),
                what: kept.what.what().to_owned(),
                class: kept.what.class(),
                days: kept.days,
                n_dropped: dropped.get(kept.what.id()).copied().unwrap_or(0),
                n_due,
                n_held,
            });
        }
        Ok(RetentionView {
            rules,
            last_run_at_us: run.last_run_at_us,
            next_run_at_us: self.next_run_us(run.since_us, run.last_run_at_us),
        })
    }

    /// Drops what is older than its rule says; not of those whose data is held or restricted. A rule
    /// that fails holds up no other.
    ///
    /// # Errors
    /// The first failure, once all rules had their turn.
    pub async fn retention_run(&self) -> Result<Vec<Dropped>, Error> {
        let now_us = (self.clock)();
        let held = self.store.held().await?;
        let mut failure = None;
        let mut dropped = Vec::with_capacity(self.kept.len());
        for kept in &self.kept {
            match kept.what.drop_before(kept.before_us(now_us), &held).await {
                Ok(n) => dropped.push(Dropped { id: kept.what.id(), n }),
                Err(error) => failure = failure.or(Some(Error::from(error))),
            }
        }
        if let Err(error) = self.vault_sweep().await {
            failure = failure.or(Some(error));
        }
        let reason = dropped.iter().map(|one| format!("{} {}", one.id, one.n)).collect::<Vec<_>>();
        let object = Token::new("retention").expect("it is plain ASCII");
        let act = Act {
            reason: Reason::new(reason.join(", ")).ok(),
            ..By { actor: None, now_us }.privacy("retention_run", object)
        };
        self.store.run_done(&dropped, &act).await?;
        self.acted();
        failure.map_or(Ok(dropped), Err)
    }

    /// Runs where a night has passed since the last run.
    pub async fn retention_nightly(&self) -> Result<(), Error> {
        let now_us = (self.clock)();
        let run = self.store.run(now_us).await?;
        if now_us < self.next_run_us(run.since_us, run.last_run_at_us) {
            return Ok(());
        }
        let dropped = self.retention_run().await?;
        let n_dropped: u64 = dropped.iter().map(|one| one.n).sum();
        tracing::info!(n_dropped, "retention ran");
        Ok(())
    }

    /// Destroys keys of accounts that are not there.
    async fn vault_sweep(&self) -> Result<(), Error> {
        for account in self.store.erased_since((self.clock)() - ERASED_US).await? {
            self.vault.shred(account).await?;
        }
        let now_ms = self.now_ms();
        let [old_ms, new_ms] =
            [SIGN_UP_MS.end, SIGN_UP_MS.start].map(|age_ms| now_ms.saturating_sub(age_ms));
        // Ids are made by time.
        let mut after = AccountId::new(old_ms, [0; 10]);
        loop {
            let accounts = self.vault.accounts_after(after, BATCH_KEYS).await?;
            for account in &accounts {
                if made_at_ms(*account) >= new_ms {
                    return Ok(());
                }
                if !self.accounts.exists(*account).await? {
                    self.shred_left_over(*account).await?;
                }
            }
            let Some(last) = accounts.last() else { return Ok(()) };
            after = *last;
        }
    }

    /// An erasure that runs needs the key until it is done.
    async fn shred_left_over(&self, account: AccountId) -> Result<(), Error> {
        if self.store.erasure_open(account).await?.is_none() {
            self.vault.shred(account).await?;
            tracing::info!(account.id = %account, "the key of no account was destroyed");
        }
        Ok(())
    }

    fn next_run_us(&self, since_us: i64, last_run_at_us: Option<i64>) -> i64 {
        calendar::night_after(last_run_at_us.unwrap_or(since_us), self.settings.nightly_hour)
    }
}

/// The time in the id (RFC 9562, section 5.7).
fn made_at_ms(account: AccountId) -> u64 {
    u64::try_from(account.uuid().as_u128() >> 80).unwrap_or(u64::MAX)
}
