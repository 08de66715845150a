//! The SQL of forgetting: a whole account, and what was kept for some time only.

use domain::{AccountId, Role, SessionId, subject::OnErasure};
use engine_sql::{
    Tx,
    sqlx::{self, AssertSqlSafe},
};

use super::{
    Store, find,
    sessions::{Which, end_which},
};
use crate::{Error, HOLDINGS, service::Retained};

impl Store {
    pub async fn is_last_owner(&self, account: AccountId) -> Result<bool, Error> {
        let owners: Vec<(String,)> =
            sqlx::query_as("SELECT account_id FROM role_holder WHERE role = $1 LIMIT 2")
                .bind(Role::Owner.name())
                .fetch_all(self.db.read())
                .await?;
        Ok(matches!(&owners[..], [(only,)] if *only == account.to_string()))
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

    pub async fn retained_due(&self, what: Retained, before_us: i64) -> Result<u64, Error> {
        let (table, condition) = old(what);
        let sql = format!("SELECT COUNT(*) FROM {table} WHERE {condition}");
        let (n,): (i64,) =
            sqlx::query_as(AssertSqlSafe(sql)).bind(before_us).fetch_one(self.db.read()).await?;
        Ok(u64::try_from(n).unwrap_or(0))
    }

    pub async fn retained_drop(&self, what: Retained, before_us: i64) -> Result<u64, Error> {
        self.db
            .with_tx(|mut tx| async move {
                let (table, condition) = old(what);
                let sql = format!("DELETE FROM {table} WHERE {condition}");
                let done = sqlx::query(AssertSqlSafe(sql)).bind(before_us).execute(&mut *tx);
                Ok(done.await?.rows_affected())
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
