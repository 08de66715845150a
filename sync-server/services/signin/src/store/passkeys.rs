//! The SQL of passkeys.

use api::sign_in::Passkey;
use domain::{AccountId, audit::Act, ids::PasskeyId};
use engine_sql::{
    Tx, acts,
    sqlx::{self, AnyConnection, Row as _, any::AnyRow},
};
use vouch::Made;

use super::{Removed, Store, is_only_way, take};

use crate::{Error, flow::Ticket};

/// Of an account.
pub const PASSKEYS_MAX: i64 = 20;

/// What verifies a passkey.
#[derive(Clone, Debug)]
pub struct StoredPasskey {
    pub id: PasskeyId,
    /// Never changes.
    pub key: String,
    /// The counter and what else changes by use.
    pub state: String,
}

/// A passkey to be kept.
pub struct NewPasskey<'a> {
    pub id: PasskeyId,
    pub account: AccountId,
    pub name: &'a str,
    pub made: &'a Made,
    /// Of what allowed it.
    pub ticket_hash: &'a str,
}

/// What a passkey may be needed for.
#[derive(Clone, Copy, Debug)]
pub struct Needs {
    pub has_password: bool,
    /// Whether a passkey is asked for after the password.
    pub is_asked: bool,
}

/// What became of a new passkey.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Inserted {
    Done,
    /// The ticket was used, or is over.
    NoTicket,
    /// There is a passkey of this id, of whomever.
    Known,
    TooMany,
}

impl Store {
    pub async fn passkeys(&self, of: AccountId) -> Result<Vec<Passkey>, Error> {
        let rows = sqlx::query(
            "SELECT passkey_id, name, created_at_us, used_at_us FROM passkey
             WHERE account_id = $1 ORDER BY created_at_us, passkey_id",
        )
        .bind(of.to_string())
        .fetch_all(self.db.read())
        .await?;
        rows.iter().map(passkey).collect()
    }

    /// Ids of credentials, so that an authenticator makes no second one.
    pub async fn credential_ids(&self, of: AccountId) -> Result<Vec<String>, Error> {
        let rows = sqlx::query("SELECT credential_id FROM passkey WHERE account_id = $1")
            .bind(of.to_string())
            .fetch_all(self.db.read())
            .await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    pub async fn passkey_by_credential(
        &self,
        of: AccountId,
        credential_id: &str,
    ) -> Result<Option<StoredPasskey>, Error> {
        let row = sqlx::query(
            "SELECT passkey_id, key_text, state FROM passkey
             WHERE account_id = $1 AND credential_id = $2",
        )
        .bind(of.to_string())
        .bind(credential_id.to_owned())
        .fetch_optional(self.db.read())
        .await?;
        let stored = |row: AnyRow| {
            Ok(StoredPasskey { id: id(&row)?, key: row.try_get(1)?, state: row.try_get(2)? })
        };
        row.map(stored).transpose()
    }

    /// Keeps a new passkey, and uses its ticket up.
    pub async fn passkey_insert(&self, new: &NewPasskey<'_>, act: &Act) -> Result<Inserted, Error> {
        self.db.with_tx(|tx| insert(tx, new, act)).await
    }

    /// Notes a use; `false` where the passkey is gone, or was used at the same time by someone else.
    pub async fn passkey_used(
        &self,
        of: AccountId,
        before: &StoredPasskey,
        state: &str,
        now_us: i64,
    ) -> Result<bool, Error> {
        self.db
            .with_tx(|mut tx| async move {
                let done = sqlx::query(
                    "UPDATE passkey SET state = $3, used_at_us = $4
                     WHERE account_id = $1 AND passkey_id = $2 AND state = $5",
                )
                .bind(of.to_string())
                .bind(before.id.to_string())
                .bind(state.to_owned())
                .bind(now_us)
                .bind(before.state.clone())
                .execute(&mut *tx)
                .await?;
                Ok(done.rows_affected() == 1)
            })
            .await
    }

    /// Whether the account has one.
    pub async fn has_passkey(&self, of: AccountId) -> Result<bool, Error> {
        let row = sqlx::query("SELECT 1 FROM passkey WHERE account_id = $1 LIMIT 1")
            .bind(of.to_string())
            .fetch_optional(self.db.read())
            .await?;
        Ok(row.is_some())
    }

    /// Deletes a passkey, unless what it is needed for would be lost.
    pub async fn passkey_delete(
        &self,
        of: AccountId,
        id: PasskeyId,
        needs: Needs,
        act: &Act,
    ) -> Result<Removed, Error> {
        self.db.with_tx(|tx| delete(tx, of, id, needs, act)).await
    }

    /// Writes an act that changes nothing else.
    pub async fn record(&self, act: &Act) -> Result<(), Error> {
        self.db.with_tx(|mut tx| async move { Ok(acts::put(&mut tx, act).await?) }).await
    }
}

async fn insert(mut tx: Tx, new: &NewPasskey<'_>, act: &Act) -> Result<Inserted, Error> {
    if n_passkeys(&mut tx, new.account).await? >= PASSKEYS_MAX {
        return Ok(Inserted::TooMany);
    }
    let ticket = take::<Ticket>(&mut tx, new.ticket_hash, act.at_us).await?;
    if ticket.and_then(|(account, _)| account) != Some(new.account) {
        return Ok(Inserted::NoTicket);
    }
    let reserved = sqlx::query(
        "INSERT INTO passkey_credential (credential_id, account_id) VALUES ($1, $2)
         ON CONFLICT (credential_id) DO NOTHING",
    )
    .bind(new.made.credential_id.clone())
    .bind(new.account.to_string())
    .execute(&mut *tx)
    .await?;
    if reserved.rows_affected() == 0 {
        return Ok(Inserted::Known);
    }
    sqlx::query(
        "INSERT INTO passkey
             (account_id, passkey_id, credential_id, name, key_text, state, created_at_us)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(new.account.to_string())
    .bind(new.id.to_string())
    .bind(new.made.credential_id.clone())
    .bind(new.name.to_owned())
    .bind(new.made.key.clone())
    .bind(new.made.state.clone())
    .bind(act.at_us)
    .execute(&mut *tx)
    .await?;
    acts::put(&mut tx, act).await?;
    Ok(Inserted::Done)
}

async fn delete(
    mut tx: Tx,
    of: AccountId,
    id: PasskeyId,
    needs: Needs,
    act: &Act,
) -> Result<Removed, Error> {
    let row =
        sqlx::query("SELECT credential_id FROM passkey WHERE account_id = $1 AND passkey_id = $2")
            .bind(of.to_string())
            .bind(id.to_string())
            .fetch_optional(&mut *tx)
            .await?;
    let Some(row) = row else { return Ok(Removed::Unknown) };
    let credential_id: String = row.try_get(0)?;
    if needs.is_asked && n_passkeys(&mut tx, of).await? <= 1 {
        return Ok(Removed::Asked);
    }
    if !needs.has_password && is_only_way(&mut tx, of).await? {
        return Ok(Removed::Only);
    }
    sqlx::query("DELETE FROM passkey WHERE account_id = $1 AND passkey_id = $2")
        .bind(of.to_string())
        .bind(id.to_string())
        .execute(&mut *tx)
        .await?;
    sqlx::query("DELETE FROM passkey_credential WHERE credential_id = $1")
        .bind(credential_id)
        .execute(&mut *tx)
        .await?;
    acts::put(&mut tx, act).await?;
    Ok(Removed::Done)
}

async fn n_passkeys(tx: &mut AnyConnection, of: AccountId) -> Result<i64, Error> {
    let row = sqlx::query("SELECT CAST(COUNT(*) AS BIGINT) FROM passkey WHERE account_id = $1")
        .bind(of.to_string())
        .fetch_one(tx)
        .await?;
    Ok(row.try_get(0)?)
}

fn passkey(row: &AnyRow) -> Result<Passkey, Error> {
    Ok(Passkey {
        id: id(row)?,
        name: row.try_get(1)?,
        created_at_us: row.try_get(2)?,
        used_at_us: row.try_get(3)?,
    })
}

fn id(row: &AnyRow) -> Result<PasskeyId, Error> {
    let text: String = row.try_get(0)?;
    text.parse().map_err(|_| Error::Stored { what: "passkey id" })
}
