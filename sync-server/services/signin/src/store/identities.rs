//! The SQL of identities: persons at providers, and whose they are.

use domain::{AccountId, audit::Act};
use engine_sql::{
    Tx, acts,
    sqlx::{self, AnyConnection, Row as _},
};

use super::{Removed, Store, account, is_only_way};
use crate::{Error, flow::Link, peer::LookupKey};

/// What hashes of persons at providers begin with since they are keyed.
const KEYED: &str = "keyed:";

/// Identities keyed in one transaction.
const BATCH_ROWS: i64 = 100;

/// What a person at a provider is found by: whoever has the database, and not the key, cannot try
/// out who it is.
pub fn keyed(key: &dyn LookupKey, subject_hash: &str) -> String {
    format!("{KEYED}{}", key.lookup_hash(subject_hash))
}

/// A provider that is linked to an account.
pub struct StoredIdentity {
    pub provider: String,
    pub linked_at_us: i64,
}

/// What became of a link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Linked {
    /// Linked now, or was before.
    Done,
    /// The person at the provider has another account, or the account another person there.
    Elsewhere,
}

impl Store {
    /// Keys the hashes of those who were linked before hashes were keyed.
    pub async fn identities_key(&self, key: &dyn LookupKey) -> Result<(), Error> {
        while self.db.with_tx(|tx| key_batch(tx, key)).await? {}
        Ok(())
    }

    /// Whose the person at the provider is.
    pub async fn identity_account(&self, link: &Link) -> Result<Option<AccountId>, Error> {
        let row = sqlx::query(
            "SELECT account_id FROM identity_subject WHERE provider = $1 AND subject_hash = $2",
        )
        .bind(link.provider.clone())
        .bind(link.subject_hash.clone())
        .fetch_optional(self.db.read())
        .await?;
        row.as_ref().map(|row| account(row, 0)).transpose()
    }

    pub async fn identities(&self, of: AccountId) -> Result<Vec<StoredIdentity>, Error> {
        let rows = sqlx::query(
            "SELECT provider, linked_at_us FROM identity WHERE account_id = $1
             ORDER BY linked_at_us, provider",
        )
        .bind(of.to_string())
        .fetch_all(self.db.read())
        .await?;
        let identity = |row: &sqlx::any::AnyRow| {
            Ok(StoredIdentity { provider: row.try_get(0)?, linked_at_us: row.try_get(1)? })
        };
        rows.iter().map(identity).collect()
    }

    /// Links the person to the account. Doing it again changes nothing.
    pub async fn identity_link(
        &self,
        link: &Link,
        to: AccountId,
        act: &Act,
    ) -> Result<Linked, Error> {
        self.db.with_tx(|tx| insert(tx, link, to, act)).await
    }

    /// Unlinks the provider, unless nothing is left to sign in with then.
    pub async fn identity_unlink(
        &self,
        of: AccountId,
        provider: &str,
        has_password: bool,
        act: &Act,
    ) -> Result<Removed, Error> {
        self.db.with_tx(|tx| delete(tx, of, provider, has_password, act)).await
    }
}

/// Whether there was anything to do.
async fn key_batch(mut tx: Tx, key: &dyn LookupKey) -> Result<bool, Error> {
    let rows: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT account_id, provider, subject_hash FROM identity
         WHERE subject_hash NOT LIKE $1 LIMIT $2",
    )
    .bind(format!("{KEYED}%"))
    .bind(BATCH_ROWS)
    .fetch_all(&mut *tx)
    .await?;
    for (account, provider, subject_hash) in &rows {
        for sql in [
            "UPDATE identity SET subject_hash = $4
             WHERE account_id = $1 AND provider = $2 AND subject_hash = $3",
            "UPDATE identity_subject SET subject_hash = $4
             WHERE account_id = $1 AND provider = $2 AND subject_hash = $3",
        ] {
            sqlx::query(sql)
                .bind(account.clone())
                .bind(provider.clone())
                .bind(subject_hash.clone())
                .bind(keyed(key, subject_hash))
                .execute(&mut *tx)
                .await?;
        }
    }
    Ok(!rows.is_empty())
}

async fn insert(mut tx: Tx, link: &Link, to: AccountId, act: &Act) -> Result<Linked, Error> {
    if let Some(subject_hash) = linked(&mut tx, to, &link.provider).await? {
        let is_same = subject_hash == link.subject_hash;
        return Ok(if is_same { Linked::Done } else { Linked::Elsewhere });
    }
    let reserved = sqlx::query(
        "INSERT INTO identity_subject (provider, subject_hash, account_id)
         VALUES ($1, $2, $3) ON CONFLICT (provider, subject_hash) DO NOTHING",
    )
    .bind(link.provider.clone())
    .bind(link.subject_hash.clone())
    .bind(to.to_string())
    .execute(&mut *tx)
    .await?;
    if reserved.rows_affected() == 0 {
        return Ok(Linked::Elsewhere);
    }
    sqlx::query(
        "INSERT INTO identity (account_id, provider, subject_hash, linked_at_us)
         VALUES ($1, $2, $3, $4)",
    )
    .bind(to.to_string())
    .bind(link.provider.clone())
    .bind(link.subject_hash.clone())
    .bind(act.at_us)
    .execute(&mut *tx)
    .await?;
    acts::put(&mut tx, act).await?;
    Ok(Linked::Done)
}

async fn delete(
    mut tx: Tx,
    of: AccountId,
    provider: &str,
    has_password: bool,
    act: &Act,
) -> Result<Removed, Error> {
    let Some(subject_hash) = linked(&mut tx, of, provider).await? else {
        return Ok(Removed::Unknown);
    };
    if !has_password && is_only_way(&mut tx, of).await? {
        return Ok(Removed::Only);
    }
    sqlx::query("DELETE FROM identity WHERE account_id = $1 AND provider = $2")
        .bind(of.to_string())
        .bind(provider.to_owned())
        .execute(&mut *tx)
        .await?;
    sqlx::query("DELETE FROM identity_subject WHERE provider = $1 AND subject_hash = $2")
        .bind(provider.to_owned())
        .bind(subject_hash)
        .execute(&mut *tx)
        .await?;
    acts::put(&mut tx, act).await?;
    Ok(Removed::Done)
}

/// Who the account is at the provider.
async fn linked(
    tx: &mut AnyConnection,
    of: AccountId,
    provider: &str,
) -> Result<Option<String>, Error> {
    let row =
        sqlx::query("SELECT subject_hash FROM identity WHERE account_id = $1 AND provider = $2")
            .bind(of.to_string())
            .bind(provider.to_owned())
            .fetch_optional(tx)
            .await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}
