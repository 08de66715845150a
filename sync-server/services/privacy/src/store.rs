//! The SQL of privacy: standing here, the rest in the modules below.

mod cases;
mod consents;
mod erasures;
mod exports;
mod retention;

use domain::{AccountId, audit::Act};
use engine_sql::{
    Db, Tx, acts, outbox,
    sqlx::{self, AnyConnection},
};
use web::ApiError;

pub use self::{
    cases::{Case, CaseChange, NewCase, Place as CasePlace, kind_name},
    consents::Answer,
    erasures::{Erasure, ErasureState, NewErasure},
    exports::{Export, NewExport},
    retention::Past,
};
use crate::{Error, peer::Held, schema};

#[derive(Clone, Debug)]
pub struct Store {
    db: Db,
}

/// What was said about the data of a person as a whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Standing {
    /// The person wants it to be kept and not used.
    pub is_restricted: bool,
    /// It must be kept.
    pub is_held: bool,
}

macro_rules! of_held {
    ($id:literal, $table:literal) => {
        concat!(
            "SELECT ",
            $id,
            " FROM ",
            $table,
            " WHERE account_id IN (SELECT account_id FROM privacy_standing
                 WHERE held_at_us IS NOT NULL OR restricted_at_us IS NOT NULL)"
        )
    };
}

/// Those whose data is held or restricted, what was done about them, and what the audit log calls
/// each.
const HELD: &[(&str, &str)] = &[
    (of_held!("account_id", "privacy_standing"), "account"),
    (of_held!("case_id", "privacy_case"), "case"),
    (of_held!("erasure_id", "privacy_erasure"), "erasure"),
];

impl Store {
    pub async fn open(db: Db) -> Result<Self, Error> {
        db.migrate("privacy", schema::STEPS).await?;
        outbox::migrate(&db).await?;
        Ok(Self { db })
    }

    pub fn db(&self) -> &Db {
        &self.db
    }

    pub async fn standing(&self, account: AccountId) -> Result<Standing, Error> {
        let row: Option<(Option<i64>, Option<i64>)> = sqlx::query_as(
            "SELECT restricted_at_us, held_at_us FROM privacy_standing WHERE account_id = $1",
        )
        .bind(account.to_string())
        .fetch_optional(self.db.read())
        .await?;
        let (restricted_at_us, held_at_us) = row.unwrap_or_default();
        Ok(Standing { is_restricted: restricted_at_us.is_some(), is_held: held_at_us.is_some() })
    }

    /// Restricts the use of the data, or ends that. Saying what is so already changes nothing.
    pub async fn restrict(
        &self,
        account: AccountId,
        is_restricted: bool,
        act: &Act,
    ) -> Result<(), Error> {
        self.db.with_tx(|tx| restrict(tx, account, is_restricted, act)).await
    }

    /// Whose data no rule drops.
    pub async fn held(&self) -> Result<Held, Error> {
        let mut held = Held::default();
        for (sql, what) in HELD {
            let ids: Vec<String> = sqlx::query_scalar(*sql).fetch_all(self.db.read()).await?;
            held.tokens.extend(ids.iter().map(|id| format!("{what}:{id}")));
            if *what == "account" {
                let ids = ids.iter().map(|id| parse(id, "account id"));
                held.accounts = ids.collect::<Result<_, _>>()?;
            }
        }
        Ok(held)
    }

    /// Writes an act that changes nothing here.
    pub async fn record(&self, act: &Act) -> Result<(), Error> {
        self.db.with_tx(|mut tx| async move { Ok(acts::put(&mut tx, act).await?) }).await
    }
}

async fn restrict(
    mut tx: Tx,
    account: AccountId,
    is_restricted: bool,
    act: &Act,
) -> Result<(), Error> {
    check_there(&mut tx, account).await?;
    let sql = if is_restricted {
        "INSERT INTO privacy_standing (account_id, restricted_at_us) VALUES ($1, $2)
         ON CONFLICT (account_id) DO UPDATE SET restricted_at_us = excluded.restricted_at_us
         WHERE privacy_standing.restricted_at_us IS NULL"
    } else {
        "UPDATE privacy_standing SET restricted_at_us = NULL
         WHERE account_id = $1 AND restricted_at_us <= $2"
    };
    let changed =
        sqlx::query(sql).bind(account.to_string()).bind(act.at_us).execute(&mut *tx).await?;
    if changed.rows_affected() > 0 {
        acts::put(&mut tx, act).await?;
    }
    Ok(())
}

/// Sets or lifts the hold.
async fn hold(
    tx: &mut AnyConnection,
    account: AccountId,
    held_at_us: Option<i64>,
) -> Result<(), Error> {
    let Some(held_at_us) = held_at_us else {
        sqlx::query("UPDATE privacy_standing SET held_at_us = NULL WHERE account_id = $1")
            .bind(account.to_string())
            .execute(tx)
            .await?;
        return Ok(());
    };
    sqlx::query(
        "INSERT INTO privacy_standing (account_id, held_at_us) VALUES ($1, $2)
         ON CONFLICT (account_id) DO UPDATE SET held_at_us = excluded.held_at_us",
    )
    .bind(account.to_string())
    .bind(held_at_us)
    .execute(tx)
    .await?;
    Ok(())
}

/// Nothing is written about someone whose erasure has begun: a token may outlive its account by
/// some minutes.
async fn check_there(tx: &mut AnyConnection, account: AccountId) -> Result<(), Error> {
    let begun: Option<String> = sqlx::query_scalar(
        "SELECT erasure_id FROM privacy_erasure WHERE account_id = $1 AND state <> 'asked'",
    )
    .bind(account.to_string())
    .fetch_optional(tx)
    .await?;
    match begun {
        Some(_) => Err(ApiError::unauthenticated("This account is gone.").into()),
        None => Ok(()),
    }
}

fn parse<T: std::str::FromStr>(text: &str, what: &'static str) -> Result<T, Error> {
    text.parse().map_err(|_| Error::Stored { what })
}

fn unsigned<T: TryFrom<i64>>(n: i64) -> Result<T, Error> {
    T::try_from(n).map_err(|_| Error::Stored { what: "number" })
}
