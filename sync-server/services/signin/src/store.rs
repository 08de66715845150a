//! The SQL of signing in: what is under way here, the rest in the modules below.

mod identities;
mod passkeys;

use domain::AccountId;
use engine_sql::{
    Db, outbox,
    sqlx::{self, AnyConnection, Row as _, any::AnyRow},
};

pub use self::{
    identities::{Linked, StoredIdentity, keyed},
    passkeys::{Inserted, Needs, NewPasskey, PASSKEYS_MAX},
};
use crate::{
    Error,
    flow::{Code, Flow},
    schema, secret,
};

#[derive(Clone, Debug)]
pub struct Store {
    db: Db,
}

/// What became of a way to sign in that was to go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Removed {
    Done,
    /// There is none.
    Unknown,
    /// It stays: there is no other.
    Only,
    /// It stays: a passkey is the second factor, and there is no other.
    Asked,
}

impl Store {
    pub async fn open(db: Db) -> Result<Self, Error> {
        db.migrate("signin", schema::STEPS).await?;
        outbox::migrate(&db).await?;
        Ok(Self { db })
    }

    /// Begins something that is known by `token`; what is over goes.
    pub async fn flow_put<F: Flow>(
        &self,
        token: &str,
        account: Option<AccountId>,
        flow: &F,
        now_us: i64,
    ) -> Result<(), Error> {
        let body = serde_json::to_string(flow).map_err(|_| Error::Stored { what: F::KIND })?;
        let body = &body;
        self.db
            .with_tx(|mut tx| async move {
                sqlx::query("DELETE FROM sign_in_flow WHERE until_us <= $1")
                    .bind(now_us)
                    .execute(&mut *tx)
                    .await?;
                sqlx::query(
                    "INSERT INTO sign_in_flow (token_hash, kind, account_id, until_us, body)
                     VALUES ($1, $2, $3, $4, $5)",
                )
                .bind(secret::hash(token))
                .bind(F::KIND)
                .bind(account.map(|id| id.to_string()))
                .bind(now_us + F::LIFE_US)
                .bind(body.clone())
                .execute(&mut *tx)
                .await?;
                Ok(())
            })
            .await
    }

    /// Uses up what is known by `token`; `None` where it is over, was used, or never was.
    pub async fn flow_take<F: Flow>(
        &self,
        token: &str,
        now_us: i64,
    ) -> Result<Option<(Option<AccountId>, F)>, Error> {
        self.db
            .with_tx(|mut tx| async move { take(&mut tx, &secret::hash(token), now_us).await })
            .await
    }

    /// Uses a code up; `None` where it is not good, or is brought without its verifier.
    pub async fn code_take(
        &self,
        code: &str,
        verifier: &str,
        now_us: i64,
    ) -> Result<Option<(AccountId, Code)>, Error> {
        let taken = self.flow_take::<Code>(code, now_us).await?;
        // Whoever has the code and not the verifier has it from someone else: it is used up.
        let proven = taken.filter(|(_, flow)| secret::is_proven(&flow.challenge, verifier));
        Ok(proven.and_then(|(account, flow)| Some((account?, flow))))
    }

    /// Whose something under way is, without using it up.
    pub async fn flow_account<F: Flow>(
        &self,
        token: &str,
        now_us: i64,
    ) -> Result<Option<AccountId>, Error> {
        let row = sqlx::query(
            "SELECT account_id FROM sign_in_flow
             WHERE token_hash = $1 AND kind = $2 AND until_us > $3",
        )
        .bind(secret::hash(token))
        .bind(F::KIND)
        .bind(now_us)
        .fetch_optional(self.db.read())
        .await?;
        row.as_ref().map(|row| optional_account(row, 0)).transpose().map(Option::flatten)
    }

    /// Deletes all that belongs to an account.
    pub async fn subject_erase(&self, account: AccountId) -> Result<(), Error> {
        self.db
            .with_tx(|mut tx| async move {
                for sql in [
                    "DELETE FROM sign_in_flow WHERE account_id = $1",
                    "DELETE FROM identity_subject WHERE account_id = $1",
                    "DELETE FROM identity WHERE account_id = $1",
                    "DELETE FROM passkey_credential WHERE account_id = $1",
                    "DELETE FROM passkey WHERE account_id = $1",
                ] {
                    sqlx::query(sql).bind(account.to_string()).execute(&mut *tx).await?;
                }
                Ok(())
            })
            .await
    }
}

async fn take<F: Flow>(
    tx: &mut AnyConnection,
    token_hash: &str,
    now_us: i64,
) -> Result<Option<(Option<AccountId>, F)>, Error> {
    let row = sqlx::query(
        "DELETE FROM sign_in_flow WHERE token_hash = $1 AND kind = $2 AND until_us > $3
         RETURNING account_id, body",
    )
    .bind(token_hash.to_owned())
    .bind(F::KIND)
    .bind(now_us)
    .fetch_optional(tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let body: String = row.try_get(1)?;
    let flow = serde_json::from_str(&body).map_err(|_| Error::Stored { what: F::KIND })?;
    Ok(Some((optional_account(&row, 0)?, flow)))
}

/// Whether the account has one provider or passkey, and no second one.
async fn is_only_way(tx: &mut AnyConnection, of: AccountId) -> Result<bool, Error> {
    let row = sqlx::query(
        "SELECT CAST((SELECT COUNT(*) FROM identity WHERE account_id = $1)
             + (SELECT COUNT(*) FROM passkey WHERE account_id = $1) AS BIGINT)",
    )
    .bind(of.to_string())
    .fetch_one(tx)
    .await?;
    let n: i64 = row.try_get(0)?;
    Ok(n <= 1)
}

fn optional_account(row: &AnyRow, column: usize) -> Result<Option<AccountId>, Error> {
    let text: Option<String> = row.try_get(column)?;
    text.map(|text| text.parse().map_err(|_| Error::Stored { what: "account id" })).transpose()
}

fn account(row: &AnyRow, column: usize) -> Result<AccountId, Error> {
    optional_account(row, column)?.ok_or(Error::Stored { what: "account id" })
}
