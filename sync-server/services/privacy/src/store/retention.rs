//! The SQL of retention: when it ran, what it dropped, and the rows of privacy itself that go.

use std::collections::HashMap;

use domain::{AccountId, audit::Act};
use engine_sql::{Tx, acts, bulk, sqlx};

use super::{Store, parse, unsigned};
use crate::{Error, peer::Held, service::Dropped};

const JOB: &str = "retention";

/// Rows deleted in one transaction.
const BATCH_ROWS: usize = 200;

/// When the nightly job ran.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Run {
    /// When the first server with this job began to count nights.
    pub since_us: i64,
    pub last_run_at_us: Option<i64>,
}

impl Store {
    /// When the job ran; counts nights from now on where nobody did.
    pub async fn run(&self, now_us: i64) -> Result<Run, Error> {
        let select = "SELECT since_us, last_run_at_us FROM privacy_run WHERE job = $1";
        let found: Option<(i64, Option<i64>)> =
            sqlx::query_as(select).bind(JOB).fetch_optional(self.db.read()).await?;
        if let Some((since_us, last_run_at_us)) = found {
            return Ok(Run { since_us, last_run_at_us });
        }
        self.db
            .with_tx(|mut tx| async move {
                sqlx::query(
                    "INSERT INTO privacy_run (job, since_us) VALUES ($1, $2)
                     ON CONFLICT (job) DO NOTHING",
                )
                .bind(JOB)
                .bind(now_us)
                .execute(&mut *tx)
                .await?;
                Ok::<_, Error>(())
            })
            .await?;
        Ok(Run { since_us: now_us, last_run_at_us: None })
    }

    /// What the last run dropped, by rule.
    pub async fn dropped(&self) -> Result<HashMap<String, u64>, Error> {
        let rows: Vec<(String, i64)> =
            sqlx::query_as("SELECT rule_id, n_dropped FROM privacy_rule")
                .fetch_all(self.db.read())
                .await?;
        rows.into_iter().map(|(rule, n)| Ok((rule, unsigned(n)?))).collect()
    }

    pub async fn run_done(&self, dropped: &[Dropped], act: &Act) -> Result<(), Error> {
        self.db.with_tx(|tx| run_done(tx, dropped, act)).await
    }

    /// Cases closed before, and exports asked for before that are no more; not of the held.
    pub async fn past(
        &self,
        what: Past,
        before_us: i64,
        held: &Held,
    ) -> Result<Vec<(AccountId, String)>, Error> {
        let sql = match what {
            Past::Cases => {
                "SELECT account_id, case_id FROM privacy_case
                 WHERE state <> 'open' AND closed_at_us < $1"
            }
            Past::Exports => {
                "SELECT account_id, export_id FROM privacy_export
                 WHERE state IN ('expired', 'failed') AND asked_at_us < $1"
            }
        };
        let rows: Vec<(String, String)> =
            sqlx::query_as(sql).bind(before_us).fetch_all(self.db.read()).await?;
        let mut past = Vec::with_capacity(rows.len());
        for (account, id) in rows {
            let account = parse(&account, "account id")?;
            if !held.accounts.contains(&account) {
                past.push((account, id));
            }
        }
        Ok(past)
    }

    pub async fn past_delete(&self, what: Past, past: &[(AccountId, String)]) -> Result<(), Error> {
        let sql = match what {
            Past::Cases => "DELETE FROM privacy_case WHERE account_id = $1 AND case_id = $2",
            Past::Exports => "DELETE FROM privacy_export WHERE account_id = $1 AND export_id = $2",
        };
        for batch in past.chunks(BATCH_ROWS) {
            self.db
                .with_tx(|mut tx| async move {
                    for (account, id) in batch {
                        sqlx::query(sql)
                            .bind(account.to_string())
                            .bind(id.clone())
                            .execute(&mut *tx)
                            .await?;
                    }
                    Ok::<_, Error>(())
                })
                .await?;
        }
        Ok(())
    }
}

/// What of privacy itself has an end to its keeping.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Past {
    Cases,
    Exports,
}

async fn run_done(mut tx: Tx, dropped: &[Dropped], act: &Act) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO privacy_run (job, since_us, last_run_at_us) VALUES ($1, $2, $2)
         ON CONFLICT (job) DO UPDATE SET last_run_at_us = excluded.last_run_at_us",
    )
    .bind(JOB)
    .bind(act.at_us)
    .execute(&mut *tx)
    .await?;
    let head = "INSERT INTO privacy_rule (rule_id, n_dropped)";
    let tail = "ON CONFLICT (rule_id) DO UPDATE SET n_dropped = excluded.n_dropped";
    bulk::insert(&mut tx, head, tail, dropped, 2, |values, one| {
        values.add(one.id.to_owned()).add(i64::try_from(one.n).unwrap_or(i64::MAX));
    })
    .await?;
    Ok(acts::put(&mut tx, act).await?)
}
