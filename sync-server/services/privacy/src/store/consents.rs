//! The SQL of consents: every answer stays, the latest one counts.

use domain::{AccountId, audit::Act};
use engine_sql::{Tx, acts, sqlx};

use super::{Store, check_there, unsigned};
use crate::Error;

/// Of one purpose, shown to the person; an export has all.
const HISTORY_MAX: i64 = 50;

/// What someone said about a version of a purpose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Answer {
    pub version: u32,
    pub is_given: bool,
    pub at_us: i64,
}

impl Store {
    /// What was said about a purpose, the latest first.
    pub async fn answers(&self, account: AccountId, purpose: &str) -> Result<Vec<Answer>, Error> {
        let rows: Vec<(i64, i64, i64)> = sqlx::query_as(
            "SELECT version, is_given, at_us FROM privacy_consent
             WHERE account_id = $1 AND purpose = $2 ORDER BY at_us DESC, act_id DESC LIMIT $3",
        )
        .bind(account.to_string())
        .bind(purpose.to_owned())
        .bind(HISTORY_MAX)
        .fetch_all(self.db.read())
        .await?;
        rows.into_iter().map(answer).collect()
    }

    /// Adds an answer, with the act that proves it. Saying the same again changes nothing.
    pub async fn answer(
        &self,
        account: AccountId,
        purpose: &str,
        answer: Answer,
        act: &Act,
    ) -> Result<(), Error> {
        self.db.with_tx(|tx| put(tx, account, purpose, answer, act)).await
    }
}

async fn put(
    mut tx: Tx,
    account: AccountId,
    purpose: &str,
    said: Answer,
    act: &Act,
) -> Result<(), Error> {
    check_there(&mut tx, account).await?;
    let last: Option<(i64, i64, i64)> = sqlx::query_as(
        "SELECT version, is_given, at_us FROM privacy_consent
         WHERE account_id = $1 AND purpose = $2 ORDER BY at_us DESC, act_id DESC LIMIT 1",
    )
    .bind(account.to_string())
    .bind(purpose.to_owned())
    .fetch_optional(&mut *tx)
    .await?;
    let last = last.map(answer).transpose()?;
    if last.is_some_and(|last| (last.version, last.is_given) == (said.version, said.is_given)) {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO privacy_consent (account_id, act_id, purpose, version, is_given, at_us)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(account.to_string())
    .bind(act.id.to_string())
    .bind(purpose.to_owned())
    .bind(i64::from(said.version))
    .bind(i64::from(said.is_given))
    .bind(said.at_us)
    .execute(&mut *tx)
    .await?;
    Ok(acts::put(&mut tx, act).await?)
}

fn answer((version, is_given, at_us): (i64, i64, i64)) -> Result<Answer, Error> {
    Ok(Answer { version: unsigned(version)?, is_given: is_given != 0, at_us })
}
