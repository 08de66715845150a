//! The SQL of second factors. The secret itself is in the vault, under `field`.

use std::collections::HashMap;

use api::mfa::MfaView;
use domain::{
    AccountId,
    audit::Act,
    subject::{Holding, Key, OnErasure},
};
use engine_sql::{
    Db, Step, Tx, acts, bulk, outbox,
    sqlx::{self, AnyConnection, Row as _},
};

use crate::Error;

/// The first two were made by accounts before there was a service of its own for them.
const STEPS: &[Step] = &[
    (
        1,
        "authenticator app",
        "CREATE TABLE IF NOT EXISTS totp (
            account_id TEXT NOT NULL PRIMARY KEY,
            field TEXT NOT NULL,
            is_on BIGINT NOT NULL,
            last_step BIGINT NOT NULL,
            changed_at_us BIGINT NOT NULL)",
    ),
    (
        2,
        "recovery codes",
        "CREATE TABLE IF NOT EXISTS recovery_code (
            account_id TEXT NOT NULL,
            code_hash TEXT NOT NULL,
            PRIMARY KEY (account_id, code_hash))",
    ),
    (
        3,
        "passkey after the password",
        "CREATE TABLE passkey_factor (
            account_id TEXT NOT NULL PRIMARY KEY,
            since_us BIGINT NOT NULL)",
    ),
];

/// What is held about persons here.
pub const HOLDINGS: &[Holding] = &[
    Holding {
        table: "totp",
        keys: &[Key::Id("account_id")],
        what: "Your authenticator app: since when, and the last code that was used",
        why: "To ask for a second factor when you sign in",
        kept: "Until you turn it off",
        secret: &["field"],
        on_erasure: OnErasure::Delete,
    },
    Holding {
        table: "recovery_code",
        keys: &[Key::Id("account_id")],
        what: "Fingerprints of your recovery codes",
        why: "To let you in when the app or the passkey is lost",
        kept: "Until they are used or made anew, or you turn the second factor off",
        secret: &["code_hash"],
        on_erasure: OnErasure::Delete,
    },
    Holding {
        table: "passkey_factor",
        keys: &[Key::Id("account_id")],
        what: "That a passkey is asked for after your password, and since when",
        why: "To ask for a second factor when you sign in",
        kept: "Until you turn it off",
        secret: &[],
        on_erasure: OnErasure::Delete,
    },
];

#[derive(Clone, Debug)]
pub struct Store {
    db: Db,
}

/// The authenticator app of an account.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TotpRow {
    /// Of the vault, where its secret is.
    pub field: String,
    pub is_on: bool,
}

/// What became of a method that was to be turned on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TurnedOn {
    /// With recovery codes, since there were none.
    WithCodes,
    /// The recovery codes that are there stay.
    Alone,
    /// It cannot be, or is on already.
    Not,
}

/// What shows that the second factor is at hand. Good once.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Proof {
    /// The step of time whose code was given.
    Totp {
        step: i64,
    },
    Recovery {
        hash: String,
    },
}

impl Store {
    pub async fn open(db: Db) -> Result<Self, Error> {
        db.migrate("mfa", STEPS).await?;
        outbox::migrate(&db).await?;
        Ok(Self { db })
    }

    /// Writes an act whose change is not in the database.
    pub async fn record(&self, act: &Act) -> Result<(), Error> {
        self.db.with_tx(|mut tx| async move { Ok(acts::put(&mut tx, act).await?) }).await
    }

    /// What accounts have, in the order in which they were asked for.
    pub async fn views(&self, of: &[AccountId]) -> Result<Vec<MfaView>, Error> {
        let sql = "SELECT account_id, 'totp', CAST(1 AS BIGINT) FROM totp
                   WHERE account_id IN ({list}) AND is_on = 1
                   UNION ALL
                   SELECT account_id, 'passkey', CAST(1 AS BIGINT) FROM passkey_factor
                   WHERE account_id IN ({list})
                   UNION ALL
                   SELECT account_id, 'code', CAST(COUNT(*) AS BIGINT) FROM recovery_code
                   WHERE account_id IN ({list}) GROUP BY account_id";
        let mut found = HashMap::<AccountId, MfaView>::new();
        for row in bulk::fetch_by(&mut *self.db.read().acquire().await?, sql, of).await? {
            let id: String = row.try_get(0)?;
            let id = id.parse().map_err(|_| Error::Stored { what: "account id" })?;
            let view = found.entry(id).or_default();
            match row.try_get::<String, _>(1)?.as_str() {
                "totp" => view.is_totp_on = true,
                "passkey" => view.is_passkey_on = true,
                _ => view.n_recovery_codes = u32::try_from(row.try_get::<i64, _>(2)?).unwrap_or(0),
            }
        }
        Ok(of.iter().map(|account| found.get(account).copied().unwrap_or_default()).collect())
    }

    /// Uses a proof up; `false` where it was used before, or never was one.
    pub async fn take(&self, account: AccountId, proof: &Proof) -> Result<bool, Error> {
        self.db.with_tx(|mut tx| async move { take(&mut tx, account, proof).await }).await
    }

    /// Forgets the account. What is not there is no error.
    pub async fn erase(&self, account: AccountId) -> Result<(), Error> {
        self.db
            .with_tx(|mut tx| async move {
                for sql in [
                    "DELETE FROM totp WHERE account_id = $1",
                    "DELETE FROM passkey_factor WHERE account_id = $1",
                    FORGET_CODES,
                ] {
                    run(&mut tx, sql, account).await?;
                }
                Ok(())
            })
            .await
    }

    pub async fn totp(&self, account: AccountId) -> Result<Option<TotpRow>, Error> {
        let row: Option<(String, i64)> =
            sqlx::query_as("SELECT field, is_on FROM totp WHERE account_id = $1")
                .bind(account.to_string())
                .fetch_optional(self.db.read())
                .await?;
        Ok(row.map(|(field, is_on)| TotpRow { field, is_on: is_on != 0 }))
    }

    /// Begins with a secret in `field`; `false` where the app is on already.
    pub async fn totp_start(
        &self,
        account: AccountId,
        field: &str,
        now_us: i64,
    ) -> Result<bool, Error> {
        self.db
            .with_tx(|mut tx| async move {
                let done = sqlx::query(
                    "INSERT INTO totp (account_id, field, is_on, last_step, changed_at_us)
                     VALUES ($1, $2, 0, 0, $3)
                     ON CONFLICT (account_id) DO UPDATE SET
                         field = excluded.field, changed_at_us = excluded.changed_at_us
                     WHERE totp.is_on = 0",
                )
                .bind(account.to_string())
                .bind(field.to_owned())
                .bind(now_us)
                .execute(&mut *tx)
                .await?;
                Ok(done.rows_affected() == 1)
            })
            .await
    }

    /// Turns the app on, unless it was begun anew since.
    pub async fn totp_confirm(
        &self,
        account: AccountId,
        field: &str,
        step: i64,
        code_hashes: &[String],
        act: &Act,
    ) -> Result<TurnedOn, Error> {
        self.db
            .with_tx(|mut tx| async move {
                let query = sqlx::query(
                    "UPDATE totp SET is_on = 1, last_step = $3, changed_at_us = $4
                     WHERE account_id = $1 AND field = $2 AND is_on = 0",
                )
                .bind(account.to_string())
                .bind(field.to_owned())
                .bind(step)
                .bind(act.at_us);
                if query.execute(&mut *tx).await?.rows_affected() == 0 {
                    return Ok(TurnedOn::Not);
                }
                turned_on(tx, account, code_hashes, act).await
            })
            .await
    }

    /// Turns the app off, where the proof is good.
    pub async fn totp_disable(
        &self,
        account: AccountId,
        proof: &Proof,
        act: &Act,
    ) -> Result<bool, Error> {
        self.db
            .with_tx(|mut tx| async move {
                if !take(&mut tx, account, proof).await? {
                    return Ok(false);
                }
                run(&mut tx, "DELETE FROM totp WHERE account_id = $1", account).await?;
                run(&mut tx, FORGET_UNNEEDED_CODES, account).await?;
                acts::put(&mut tx, act).await?;
                Ok(true)
            })
            .await
    }

    /// Asks for a passkey from now on.
    pub async fn passkey_enable(
        &self,
        account: AccountId,
        code_hashes: &[String],
        act: &Act,
    ) -> Result<TurnedOn, Error> {
        self.db
            .with_tx(|mut tx| async move {
                let query = sqlx::query(
                    "INSERT INTO passkey_factor (account_id, since_us) VALUES ($1, $2)
                     ON CONFLICT (account_id) DO NOTHING",
                )
                .bind(account.to_string())
                .bind(act.at_us);
                if query.execute(&mut *tx).await?.rows_affected() == 0 {
                    return Ok(TurnedOn::Not);
                }
                turned_on(tx, account, code_hashes, act).await
            })
            .await
    }

    /// Asks for it no longer; `false` where it was not asked for.
    pub async fn passkey_disable(&self, account: AccountId, act: &Act) -> Result<bool, Error> {
        self.db
            .with_tx(|mut tx| async move {
                let sql = "DELETE FROM passkey_factor WHERE account_id = $1";
                if run(&mut tx, sql, account).await? == 0 {
                    return Ok(false);
                }
                run(&mut tx, FORGET_UNNEEDED_CODES, account).await?;
                acts::put(&mut tx, act).await?;
                Ok(true)
            })
            .await
    }

    /// Puts new recovery codes in the place of those that are left; `false` where no method is on.
    pub async fn recovery_renew(
        &self,
        account: AccountId,
        code_hashes: &[String],
        act: &Act,
    ) -> Result<bool, Error> {
        self.db
            .with_tx(|mut tx| async move {
                let is_on = sqlx::query(
                    "SELECT 1 FROM totp WHERE account_id = $1 AND is_on = 1
                     UNION ALL SELECT 1 FROM passkey_factor WHERE account_id = $1",
                );
                if is_on.bind(account.to_string()).fetch_all(&mut *tx).await?.is_empty() {
                    return Ok(false);
                }
                run(&mut tx, FORGET_CODES, account).await?;
                put_codes(&mut tx, account, code_hashes).await?;
                acts::put(&mut tx, act).await?;
                Ok(true)
            })
            .await
    }
}

const FORGET_CODES: &str = "DELETE FROM recovery_code WHERE account_id = $1";

/// Recovery codes are of no method: they stay for as long as one is on.
const FORGET_UNNEEDED_CODES: &str = "DELETE FROM recovery_code WHERE account_id = $1
     AND NOT EXISTS (SELECT 1 FROM totp WHERE account_id = $1 AND is_on = 1)
     AND NOT EXISTS (SELECT 1 FROM passkey_factor WHERE account_id = $1)";

/// What follows once a method is on: recovery codes where there are none, and the act.
async fn turned_on(
    mut tx: Tx,
    account: AccountId,
    code_hashes: &[String],
    act: &Act,
) -> Result<TurnedOn, Error> {
    acts::put(&mut tx, act).await?;
    let known = sqlx::query("SELECT 1 FROM recovery_code WHERE account_id = $1 LIMIT 1")
        .bind(account.to_string())
        .fetch_optional(&mut *tx)
        .await?;
    if known.is_some() {
        return Ok(TurnedOn::Alone);
    }
    put_codes(&mut tx, account, code_hashes).await?;
    Ok(TurnedOn::WithCodes)
}

async fn put_codes(
    tx: &mut AnyConnection,
    account: AccountId,
    code_hashes: &[String],
) -> Result<(), Error> {
    let head = "INSERT INTO recovery_code (account_id, code_hash)";
    bulk::insert(tx, head, "", code_hashes, 2, |values, hash| {
        values.add(account.to_string()).add(hash.clone());
    })
    .await?;
    Ok(())
}

/// Uses a proof up; `false` where it was used before, or never was one.
async fn take(tx: &mut AnyConnection, account: AccountId, proof: &Proof) -> Result<bool, Error> {
    let query = match proof {
        // Only forward: neither the same code nor an older one is good any more (section 5.2).
        Proof::Totp { step } => sqlx::query(
            "UPDATE totp SET last_step = $2
             WHERE account_id = $1 AND is_on = 1 AND last_step < $2",
        )
        .bind(account.to_string())
        .bind(*step),
        Proof::Recovery { hash } => {
            sqlx::query("DELETE FROM recovery_code WHERE account_id = $1 AND code_hash = $2")
                .bind(account.to_string())
                .bind(hash.clone())
        }
    };
    Ok(query.execute(tx).await?.rows_affected() > 0)
}

/// Runs what needs no more than the account; answers how many rows it changed.
async fn run(tx: &mut AnyConnection, sql: &'static str, account: AccountId) -> Result<u64, Error> {
    Ok(sqlx::query(sql).bind(account.to_string()).execute(tx).await?.rows_affected())
}
