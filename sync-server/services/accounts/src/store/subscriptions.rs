//! The SQL of subscriptions.

use domain::{
    AccountId,
    audit::Act,
    plan::{Change, Subscription},
};
use engine_sql::{
    Tx,
    sqlx::{self, AnyConnection},
};

use super::{Store, find, row::standing_columns};
use crate::{Error, acts, service::plans::refused};

impl Store {
    /// Applies a change to the subscription as it is by now; `None` where the account is gone.
    pub async fn subscription_change(
        &self,
        account: AccountId,
        change: &Change,
        act: &Act,
    ) -> Result<Option<Subscription>, Error> {
        self.db.with_tx(|tx| apply(tx, account, change, act)).await
    }
}

async fn apply(
    mut tx: Tx,
    account: AccountId,
    change: &Change,
    act: &Act,
) -> Result<Option<Subscription>, Error> {
    let Some(stored) = find(&mut tx, account).await? else { return Ok(None) };
    let next = stored.subscription.after(change, act.at_us).map_err(refused)?;
    put(&mut tx, account, &next, act.at_us).await?;
    acts::put(&mut tx, act).await?;
    Ok(Some(next))
}

async fn put(
    tx: &mut AnyConnection,
    account: AccountId,
    subscription: &Subscription,
    now_us: i64,
) -> Result<(), Error> {
    let (standing, until_us) = standing_columns(subscription.standing);
    sqlx::query(
        "INSERT INTO subscription
             (account_id, plan_id, standing, until_us, grace_us, had_trial, changed_at_us)
         VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (account_id) DO UPDATE SET
             plan_id = excluded.plan_id, standing = excluded.standing,
             until_us = excluded.until_us, grace_us = excluded.grace_us,
             had_trial = excluded.had_trial, changed_at_us = excluded.changed_at_us",
    )
    .bind(account.to_string())
    .bind(subscription.plan.clone())
    .bind(standing)
    .bind(until_us)
    .bind(subscription.grace_us)
    .bind(i64::from(subscription.had_trial))
    .bind(now_us)
    .execute(tx)
    .await?;
    Ok(())
}
