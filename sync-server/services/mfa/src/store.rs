//! The SQL of second factors. The secret itself is in the vault, under `field`.

use domain::{
    AccountId,
    audit::Act,
    subject::{Holding, Key, OnErasure},
};
use engine_sql::{
    Db, Step, Tx, acts, bulk, outbox,
    sqlx::{self, AnyConnection},
};
use web::ApiError;

use crate::Error;

/// The tables were made by accounts before there was a service of its own for them.
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
        why: "To let you in when the app is lost",
        kept: "Until they are used, or you turn the second factor off",
        secret: &["code_hash"],
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
    pub n_recovery_codes: u32,
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

    /// Uses a proof up; refused where it was used before, or never was one.
    pub async fn take(&self, account: AccountId, proof: &Proof) -> Result<(), Error> {
        self.db.with_tx(|mut tx| async move { take(&mut tx, account, proof).await }).await
    }

    /// Forgets the account. What is not there is no error.
    pub async fn erase(&self, account: AccountId) -> Result<(), Error> {
        self.db.with_tx(|mut tx| async move { forget(&mut tx, account).await }).await
    }

    pub async fn totp(&self, account: AccountId) -> Result<Option<TotpRow>, Error> {
        let row: Option<(String, i64, i64)> = sqlx::query_as(
            "SELECT t.field, t.is_on,
                    (SELECT COUNT(*) FROM recovery_code r WHERE r.account_id = t.account_id)
             FROM totp t WHERE t.account_id = $1",
        )
        .bind(account.to_string())
        .fetch_optional(self.db.read())
        .await?;
        Ok(row.map(|(field, is_on, n_codes)| TotpRow {
            field,
            is_on: is_on != 0,
            n_recovery_codes: u32::try_from(n_codes).unwrap_or(0),
        }))
    }

    /// Begins with a secret in `field`; `false` where the second factor is on already.
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

    /// Turns it on; `false` where it was begun anew since, or is on already.
    pub async fn totp_confirm(
        &self,
        account: AccountId,
        field: &str,
        step: i64,
        code_hashes: &[String],
        act: &Act,
    ) -> Result<bool, Error> {
        self.db.with_tx(|tx| confirm(tx, account, field, step, code_hashes, act)).await
    }

    /// Turns it off, where the proof is good.
    pub async fn totp_disable(
        &self,
        account: AccountId,
        proof: &Proof,
        act: &Act,
    ) -> Result<(), Error> {
        self.db
            .with_tx(|mut tx| async move {
                take(&mut tx, account, proof).await?;
                forget(&mut tx, account).await?;
                Ok(acts::put(&mut tx, act).await?)
            })
            .await
    }
}

async fn confirm(
    mut tx: Tx,
    account: AccountId,
    field: &str,
    step: i64,
    code_hashes: &[String],
    act: &Act,
) -> Result<bool, Error> {
    let done = sqlx::query(
        "UPDATE totp SET is_on = 1, last_step = $3, changed_at_us = $4
         WHERE account_id = $1 AND field = $2 AND is_on = 0",
    )
    .bind(account.to_string())
    .bind(field.to_owned())
    .bind(step)
    .bind(act.at_us)
    .execute(&mut *tx)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    forget_codes(&mut tx, account).await?;
    let head = "INSERT INTO recovery_code (account_id, code_hash)";
    bulk::insert(&mut tx, head, "", code_hashes, 2, |values, hash| {
        values.add(account.to_string()).add(hash.clone());
    })
    .await?;
    acts::put(&mut tx, act).await?;
    Ok(true)
}

async fn take(tx: &mut AnyConnection, account: AccountId, proof: &Proof) -> Result<(), Error> {
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
    match query.execute(tx).await?.rows_affected() {
        0 => Err(ApiError::second_factor_required("This code is not good, or was used.").into()),
        _ => Ok(()),
    }
}

async fn forget(tx: &mut AnyConnection, account: AccountId) -> Result<(), Error> {
    sqlx::query("DELETE FROM totp WHERE account_id = $1")
        .bind(account.to_string())
        .execute(&mut *tx)
        .await?;
    forget_codes(tx, account).await
}

async fn forget_codes(tx: &mut AnyConnection, account: AccountId) -> Result<(), Error> {
    sqlx::query("DELETE FROM recovery_code WHERE account_id = $1")
        .bind(account.to_string())
        .execute(tx)
        .await?;
    Ok(())
}
