//! The SQL of addresses: which field of the vault counts, and what reserves it.

use credentials::{LinkToken, Purpose};
use domain::{AccountId, audit::Act};
use engine_sql::{
    Tx, acts,
    sqlx::{self, AnyConnection},
};
use web::ApiError;

use super::{Store, links};
use crate::{Error, mails::MailJob};

/// An address that moved to the vault.
pub struct MovedEmail {
    pub account: AccountId,
    pub field: String,
    /// By which it was reserved so far.
    pub unkeyed_hash: String,
    pub hash: String,
    pub now_us: i64,
}

/// An address that shall take the place of another.
pub struct EmailChange {
    pub account: AccountId,
    /// Of the vault, where it is.
    pub field: String,
    pub hash: String,
}

/// Its field and hash, and whether the old and the new one have confirmed.
type ChangeRow = (String, String, i64, i64);

impl Store {
    /// Accounts whose address is still in the database, with it.
    pub async fn emails_in_the_open(&self, limit: i64) -> Result<Vec<(AccountId, String)>, Error> {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "SELECT account_id, email FROM account WHERE email <> '' ORDER BY account_id LIMIT $1",
        )
        .bind(limit)
        .fetch_all(self.db.read())
        .await?;
        let parse = |(id, email): (String, String)| {
            Ok((id.parse().map_err(|_| Error::Stored { what: "account id" })?, email))
        };
        rows.into_iter().map(parse).collect()
    }

    /// Takes an address out of the database that is in the vault by now.
    pub async fn email_moved(&self, moved: &MovedEmail) -> Result<(), Error> {
        self.db.with_tx(|tx| take_out(tx, moved)).await
    }

    /// Begins a change. Answers with the field of one that was begun before.
    pub async fn email_change_start(
        &self,
        change: &EmailChange,
        until_us: i64,
        mails: &[MailJob],
        act: &Act,
    ) -> Result<Option<String>, Error> {
        self.db.with_tx(|tx| start(tx, change, until_us, mails, act)).await
    }

    /// Takes the link of one side: `None` where it is not good, `Some(None)` where the other side
    /// is still to confirm, and otherwise the field of the address that was.
    pub async fn email_change_confirm(
        &self,
        token: &LinkToken,
        act: &Act,
    ) -> Result<Option<Option<String>>, Error> {
        self.db.with_tx(|tx| confirm(tx, token, act)).await
    }

    /// The field of an address that waits for being confirmed.
    pub async fn email_change_field(&self, account: AccountId) -> Result<Option<String>, Error> {
        let row: Option<(String,)> =
            sqlx::query_as("SELECT email_field FROM email_change WHERE account_id = $1")
                .bind(account.to_string())
                .fetch_optional(self.db.read())
                .await?;
        Ok(row.map(|(field,)| field))
    }
}

async fn take_out(mut tx: Tx, moved: &MovedEmail) -> Result<(), Error> {
    sqlx::query("DELETE FROM account_email WHERE email_hash = $1")
        .bind(moved.unkeyed_hash.clone())
        .execute(&mut *tx)
        .await?;
    reserve(&mut tx, moved.account, &moved.hash, moved.now_us).await?;
    sqlx::query(
        "UPDATE account SET email = '', email_field = $2, email_hash = $3 WHERE account_id = $1",
    )
    .bind(moved.account.to_string())
    .bind(moved.field.clone())
    .bind(moved.hash.clone())
    .execute(&mut *tx)
    .await?;
    Ok(())
}

async fn start(
    mut tx: Tx,
    change: &EmailChange,
    until_us: i64,
    mails: &[MailJob],
    act: &Act,
) -> Result<Option<String>, Error> {
    let before = pending(&mut tx, change.account).await?;
    sqlx::query(
        "INSERT INTO email_change (account_id, email_field, email_hash, is_old_confirmed,
                                   is_new_confirmed, until_us)
         VALUES ($1, $2, $3, 0, 0, $4)
         ON CONFLICT (account_id) DO UPDATE SET
             email_field = excluded.email_field, email_hash = excluded.email_hash,
             is_old_confirmed = 0, is_new_confirmed = 0, until_us = excluded.until_us",
    )
    .bind(change.account.to_string())
    .bind(change.field.clone())
    .bind(change.hash.clone())
    .bind(until_us)
    .execute(&mut *tx)
    .await?;
    forget_links(&mut tx, change.account).await?;
    for mail in mails {
        links::put_mail(&mut tx, mail).await?;
    }
    acts::put(&mut tx, act).await?;
    Ok(before.map(|(field, ..)| field))
}

async fn confirm(
    mut tx: Tx,
    token: &LinkToken,
    act: &Act,
) -> Result<Option<Option<String>>, Error> {
    let account = token.account;
    let is_old = links::use_up(&mut tx, token, Purpose::LeaveEmail, act.at_us).await?;
    if !is_old && !links::use_up(&mut tx, token, Purpose::EnterEmail, act.at_us).await? {
        return Ok(None);
    }
    let side = if is_old { "is_old_confirmed = 1" } else { "is_new_confirmed = 1" };
    let sql = format!("UPDATE email_change SET {side} WHERE account_id = $1 AND until_us > $2");
    sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(account.to_string())
        .bind(act.at_us)
        .execute(&mut *tx)
        .await?;
    match pending(&mut tx, account).await? {
        None => Ok(None),
        Some((field, hash, 1, 1)) => {
            let before = swap(&mut tx, account, &field, &hash, act.at_us).await?;
            acts::put(&mut tx, act).await?;
            Ok(Some(Some(before)))
        }
        Some(_) => Ok(Some(None)),
    }
}

/// Puts the new address in the place of the old one; answers with the field of that.
async fn swap(
    tx: &mut AnyConnection,
    account: AccountId,
    field: &str,
    hash: &str,
    now_us: i64,
) -> Result<String, Error> {
    if !reserve(tx, account, hash, now_us).await? {
        return Err(ApiError::conflict(
            "The new address has an account already.",
            "Take another one.",
        )
        .into());
    }
    let (before, hash_before): (String, String) =
        sqlx::query_as("SELECT email_field, email_hash FROM account WHERE account_id = $1")
            .bind(account.to_string())
            .fetch_one(&mut *tx)
            .await?;
    sqlx::query("DELETE FROM account_email WHERE email_hash = $1")
        .bind(hash_before)
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "UPDATE account SET email_field = $2, email_hash = $3, email_verified_at_us = $4
         WHERE account_id = $1",
    )
    .bind(account.to_string())
    .bind(field.to_owned())
    .bind(hash.to_owned())
    .bind(now_us)
    .execute(&mut *tx)
    .await?;
    sqlx::query("DELETE FROM email_change WHERE account_id = $1")
        .bind(account.to_string())
        .execute(&mut *tx)
        .await?;
    forget_links(tx, account).await?;
    Ok(before)
}

/// `false` where the address has an account.
async fn reserve(
    tx: &mut AnyConnection,
    account: AccountId,
    hash: &str,
    now_us: i64,
) -> Result<bool, Error> {
    let reserved = sqlx::query(
        "INSERT INTO account_email (email_hash, account_id, reserved_at_us)
         VALUES ($1, $2, $3) ON CONFLICT (email_hash) DO NOTHING",
    )
    .bind(hash.to_owned())
    .bind(account.to_string())
    .bind(now_us)
    .execute(tx)
    .await?;
    Ok(reserved.rows_affected() == 1)
}

async fn pending(tx: &mut AnyConnection, account: AccountId) -> Result<Option<ChangeRow>, Error> {
    let row = sqlx::query_as(
        "SELECT email_field, email_hash, is_old_confirmed, is_new_confirmed
         FROM email_change WHERE account_id = $1",
    );
    Ok(row.bind(account.to_string()).fetch_optional(tx).await?)
}

/// Links to an address that shall be no more, or is by now.
async fn forget_links(tx: &mut AnyConnection, account: AccountId) -> Result<(), Error> {
    for purpose in [Purpose::LeaveEmail, Purpose::EnterEmail, Purpose::VerifyEmail] {
        sqlx::query("DELETE FROM link WHERE account_id = $1 AND purpose = $2")
            .bind(account.to_string())
            .bind(purpose.name())
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}
