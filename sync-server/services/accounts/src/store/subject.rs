//! The SQL of forgetting: a whole account, and what was kept for some time only.

use std::collections::HashSet;

use domain::{AccountId, SessionId, subject::OnErasure};
use engine_sql::{
    Tx,
    bulk::{self, PARAMETERS_MAX, Values},
    sqlx::{self, AssertSqlSafe, Row as _},
};

use super::{
    Store, find,
    sessions::{Which, end_which},
};
use crate::{Error, HOLDINGS, service::Retained};

/// Accounts whose old rows are dropped in one transaction.
const BATCH_ACCOUNTS: i64 = 200;

impl Store {
    pub async fn account_exists(&self, account: AccountId) -> Result<bool, Error> {
        let found: Option<i64> =
            sqlx::query_scalar("SELECT created_at_us FROM account WHERE account_id = $1")
                .bind(account.to_string())
                .fetch_optional(self.db.read())
                .await?;
        Ok(found.is_some())
    }

    /// Deletes all rows of an account; answers with the sessions that lived.
    pub async fn erase(&self, account: AccountId) -> Result<Vec<SessionId>, Error> {
        self.db.with_tx(|tx| erase(tx, account)).await
    }

    pub async fn display_name_set(&self, account: AccountId, name: &str) -> Result<(), Error> {
        self.db
            .with_tx(|mut tx| async move {
                sqlx::query("UPDATE account SET display_name = $2 WHERE account_id = $1")
                    .bind(account.to_string())
                    .bind(name.to_owned())
                    .execute(&mut *tx)
                    .await?;
                Ok(())
            })
            .await
    }

    /// How much there is of nobody of `held`.
    pub async fn retained_due(
        &self,
        what: Retained,
        before_us: i64,
        held: &HashSet<AccountId>,
    ) -> Result<u64, Error> {
        let mut n_due = self.n_old(what, before_us, None).await?;
        let held: Vec<String> = held.iter().map(ToString::to_string).collect();
        for some in held.chunks(PARAMETERS_MAX - 1) {
            n_due = n_due.saturating_sub(self.n_old(what, before_us, Some(some)).await?);
        }
        Ok(n_due)
    }

    /// Account by account, and not those of `held`; cut off anywhere, the next run goes on.
    pub async fn retained_drop(
        &self,
        what: Retained,
        before_us: i64,
        held: &HashSet<AccountId>,
    ) -> Result<u64, Error> {
        let held: HashSet<String> = held.iter().map(ToString::to_string).collect();
        let (mut n_dropped, mut after) = (0, String::new());
        loop {
            let accounts = self.accounts_with_old(what, before_us, &after).await?;
            let Some(last) = accounts.last().cloned() else { return Ok(n_dropped) };
            let free: Vec<&String> = accounts.iter().filter(|id| !held.contains(*id)).collect();
            if !free.is_empty() {
                n_dropped += self.old_delete(what, before_us, &free).await?;
            }
            after = last;
        }
    }

    /// How many rows are old: of all accounts, or of some.
    async fn n_old(
        &self,
        what: Retained,
        before_us: i64,
        of: Option<&[String]>,
    ) -> Result<u64, Error> {
        let (table, condition) = old(what);
        let mut sql = format!("SELECT COUNT(*) FROM {table} WHERE {condition}");
        let mut values = Values::default();
        values.add(before_us);
        if let Some(accounts) = of {
            sql = format!("{sql} AND account_id IN ({})", bulk::list(2, accounts.len()));
            for account in accounts {
                values.add(account.clone());
            }
        }
        let found = bulk::fetch(self.db.read(), sql, values).await?;
        let n: i64 = found.first().map_or(Ok(0), |row| row.try_get(0))?;
        Ok(u64::try_from(n).unwrap_or(0))
    }

    /// Accounts with old rows, behind `after` in the order of their ids.
    async fn accounts_with_old(
        &self,
        what: Retained,
        before_us: i64,
        after: &str,
    ) -> Result<Vec<String>, Error> {
        let (table, condition) = old(what);
        let sql = format!(
            "SELECT DISTINCT account_id FROM {table} WHERE {condition} AND account_id > $2
             ORDER BY account_id LIMIT $3"
        );
        let accounts = sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(before_us)
            .bind(after.to_owned())
            .bind(BATCH_ACCOUNTS)
            .fetch_all(self.db.read())
            .await?;
        Ok(accounts)
    }

    async fn old_delete(
        &self,
        what: Retained,
        before_us: i64,
        of: &[&String],
    ) -> Result<u64, Error> {
        self.db
            .with_tx(|mut tx| async move {
                let (table, condition) = old(what);
                let list = bulk::list(2, of.len());
                let sql =
                    format!("DELETE FROM {table} WHERE {condition} AND account_id IN ({list})");
                let mut values = Values::default();
                values.add(before_us);
                for account in of {
                    values.add((*account).clone());
                }
                Ok(bulk::execute(&mut tx, sql, values).await?)
            })
            .await
    }
}

/// Table, and which of its rows are older than `$1`.
fn old(what: Retained) -> (&'static str, &'static str) {
    match what {
        Retained::EndedSessions => ("session", "ended_at_us IS NOT NULL AND ended_at_us < $1"),
        Retained::ExpiredLinks => ("link", "until_us < $1"),
    }
}

async fn erase(mut tx: Tx, account: AccountId) -> Result<Vec<SessionId>, Error> {
    let ended = end_which(&mut tx, account, Which::All, "erased", 0).await?;
    if let Some(stored) = find(&mut tx, account).await? {
        sqlx::query("DELETE FROM account_email WHERE email_hash = $1")
            .bind(stored.email_hash)
            .execute(&mut *tx)
            .await?;
    }
    for holding in HOLDINGS {
        if holding.on_erasure != OnErasure::Delete || holding.table == "account_email" {
            continue;
        }
        let sql = format!("DELETE FROM {} WHERE account_id = $1", holding.table);
        sqlx::query(AssertSqlSafe(sql)).bind(account.to_string()).execute(&mut *tx).await?;
    }
    Ok(ended)
}
