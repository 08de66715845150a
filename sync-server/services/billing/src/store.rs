//! The SQL of subscriptions. An account without a row has none.

use std::collections::HashMap;

use domain::{
    AccountId,
    audit::Act,
    plan::{Change, Refusal, Standing, Subscription},
    subject::{Holding, Key, OnErasure},
};
use engine_sql::{
    Db, Step, Tx, acts, bulk, outbox,
    sqlx::{self, AnyConnection, Row as _},
};
use web::ApiError;

use crate::Error;

const STEPS: &[Step] = &[(
    1,
    "subscription",
    // It was made by accounts before there was a service of its own for it.
    "CREATE TABLE IF NOT EXISTS subscription (
        account_id TEXT NOT NULL PRIMARY KEY,
        plan_id TEXT,
        standing TEXT NOT NULL,
        until_us BIGINT NOT NULL,
        grace_us BIGINT NOT NULL,
        had_trial BIGINT NOT NULL,
        changed_at_us BIGINT NOT NULL)",
)];

/// What is held about persons here.
pub const HOLDINGS: &[Holding] = &[Holding {
    table: "subscription",
    keys: &[Key::Id("account_id")],
    what: "Your plan: which one, until when, and whether you had the trial",
    why: "To give you what your plan gives",
    kept: "As long as the account",
    secret: &[],
    on_erasure: OnErasure::Delete,
}];

/// Plan, standing, its end, grace, whether the trial was had.
type Row = (Option<String>, String, i64, i64, i64);

const SELECT: &str = "SELECT plan_id, standing, until_us, grace_us, had_trial FROM subscription
                      WHERE account_id = $1";

#[derive(Clone, Debug)]
pub struct Store {
    db: Db,
}

impl Store {
    pub async fn open(db: Db) -> Result<Self, Error> {
        db.migrate("billing", STEPS).await?;
        outbox::migrate(&db).await?;
        Ok(Self { db })
    }

    /// As it was when it changed last.
    pub async fn subscription(&self, account: AccountId) -> Result<Subscription, Error> {
        let query = sqlx::query_as(SELECT).bind(account.to_string());
        parse(query.fetch_optional(self.db.read()).await?)
    }

    /// Those of accounts, in the order in which they were asked for.
    pub async fn subscriptions(&self, of: &[AccountId]) -> Result<Vec<Subscription>, Error> {
        let sql = "SELECT account_id, plan_id, standing, until_us, grace_us, had_trial
                   FROM subscription WHERE account_id IN ({list})";
        let mut found = HashMap::new();
        for row in bulk::fetch_by(&mut *self.db.read().acquire().await?, sql, of).await? {
            let columns = (
                row.try_get(1)?,
                row.try_get(2)?,
                row.try_get(3)?,
                row.try_get(4)?,
                row.try_get(5)?,
            );
            found.insert(row.try_get::<String, _>(0)?, parse(Some(columns))?);
        }
        let subscription = |account: &AccountId| found.get(&account.to_string()).cloned();
        Ok(of.iter().map(|account| subscription(account).unwrap_or_default()).collect())
    }

    /// Applies a change to the subscription as it is by now.
    pub async fn change(
        &self,
        account: AccountId,
        change: &Change,
        act: &Act,
    ) -> Result<Subscription, Error> {
        self.db.with_tx(|tx| apply(tx, account, change, act)).await
    }

    /// Forgets the account. What is not there is no error.
    pub async fn erase(&self, account: AccountId) -> Result<(), Error> {
        self.db
            .with_tx(|mut tx| async move {
                sqlx::query("DELETE FROM subscription WHERE account_id = $1")
                    .bind(account.to_string())
                    .execute(&mut *tx)
                    .await?;
                Ok(())
            })
            .await
    }
}

async fn apply(
    mut tx: Tx,
    account: AccountId,
    change: &Change,
    act: &Act,
) -> Result<Subscription, Error> {
    let query = sqlx::query_as(SELECT).bind(account.to_string());
    let stored = parse(query.fetch_optional(&mut *tx).await?)?;
    let next = stored.after(change, act.at_us).map_err(refused)?;
    put(&mut tx, account, &next, act.at_us).await?;
    acts::put(&mut tx, act).await?;
    Ok(next)
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

fn parse(row: Option<Row>) -> Result<Subscription, Error> {
    let Some((plan, standing, until_us, grace_us, had_trial)) = row else {
        return Ok(Subscription::default());
    };
    let standing = parse_standing(&standing, until_us)?;
    Ok(Subscription { plan, standing, grace_us, had_trial: had_trial != 0 })
}

/// The name of a standing, and its end (0 where it has none).
fn standing_columns(standing: Standing) -> (&'static str, i64) {
    match standing {
        Standing::Free => ("free", 0),
        Standing::Trial { until_us } => ("trial", until_us),
        Standing::Active { until_us } => ("active", until_us),
        Standing::Grace { until_us } => ("grace", until_us),
        Standing::Cancelled { until_us, was_trial: false } => ("cancelled", until_us),
        Standing::Cancelled { until_us, was_trial: true } => ("cancelled trial", until_us),
    }
}

fn parse_standing(name: &str, until_us: i64) -> Result<Standing, Error> {
    match name {
        "free" => Ok(Standing::Free),
        "trial" => Ok(Standing::Trial { until_us }),
        "active" => Ok(Standing::Active { until_us }),
        "grace" => Ok(Standing::Grace { until_us }),
        "cancelled" => Ok(Standing::Cancelled { until_us, was_trial: false }),
        "cancelled trial" => Ok(Standing::Cancelled { until_us, was_trial: true }),
        _ => Err(Error::Stored { what: "standing" }),
    }
}

/// 409, with what to do instead.
fn refused(refusal: Refusal) -> Error {
    let (message, hint) = match refusal {
        Refusal::NoTrial => ("This plan has no trial.", "Take another plan."),
        Refusal::TrialUsed => ("This account had its trial before.", "Subscribe to a plan."),
        Refusal::Subscribed => ("This account has Premium already.", ""),
        Refusal::NotSubscribed => ("This account has no plan.", "Start one first."),
        Refusal::Cancelled => ("The plan is cancelled already.", "Resume it to go on."),
        Refusal::NotCancelled => ("The plan is not cancelled.", ""),
        Refusal::Past => ("The end of the plan lies in the past.", "Name a later one."),
    };
    ApiError::conflict(message, hint).into()
}
