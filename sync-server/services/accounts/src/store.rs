//! The SQL of accounts: making, finding, and describing them.

mod email;
mod links;
mod refresh;
mod refresher;
mod row;
mod sessions;
mod subject;

use std::collections::BTreeMap;

use api::accounts::Visibility;
use domain::{AccountId, audit::Act};
use engine_sql::{
    Db, Tx, acts, bulk,
    sqlx::{self, AnyConnection, Row as _, any::AnyRow},
};

pub use self::{
    email::{EmailChange, MovedEmail},
    refresh::{Refresh, Refreshed},
    refresher::Refresher,
    row::{Kept, StoredAccount},
    sessions::{NewSession, Opened, Which},
};
use crate::{Error, mails::MailJob, schema};
use row::account_sql;

#[derive(Clone, Debug)]
pub struct Store {
    db: Db,
}

/// An account to be made.
pub struct NewAccount {
    pub id: AccountId,
    /// Of the vault, where the address is.
    pub email_field: String,
    pub email_hash: String,
    pub display_name: String,
    /// Empty where there is no password.
    pub password_hash: String,
    /// When the address was confirmed, where it was.
    pub verified_at_us: Option<i64>,
    pub now_us: i64,
    pub act: Act,
    /// Confirms the address otherwise.
    pub mail: Option<MailJob>,
}

/// A profile as it shall be.
pub struct Profile {
    pub display_name: String,
    pub visibility: Visibility,
    pub country: Option<String>,
    pub language: Option<String>,
    pub has_birth_date: bool,
}

impl Store {
    pub async fn open(db: Db) -> Result<Self, Error> {
        schema::migrate(&db).await?;
        Ok(Self { db })
    }

    /// Makes the account; `None` where the address is taken.
    pub async fn account_create(&self, new: &NewAccount) -> Result<Option<StoredAccount>, Error> {
        self.db.with_tx(|tx| insert_account(tx, new)).await
    }

    pub async fn account_by_email(&self, email_hash: &str) -> Result<Option<StoredAccount>, Error> {
        let row = sqlx::query(account_sql!(
            "JOIN account_email e ON e.account_id = a.account_id WHERE e.email_hash = $1"
        ))
        .bind(email_hash.to_owned())
        .fetch_optional(self.db.read())
        .await?;
        row.as_ref().map(row::account).transpose()
    }

    pub async fn account(&self, id: AccountId) -> Result<Option<StoredAccount>, Error> {
        let row = sqlx::query(account_sql!("WHERE a.account_id = $1"))
            .bind(id.to_string())
            .fetch_optional(self.db.read())
            .await?;
        row.as_ref().map(row::account).transpose()
    }

    /// The account that is the oldest: ids begin with the time of their making.
    pub async fn account_oldest(&self) -> Result<Option<AccountId>, Error> {
        let id: Option<String> =
            sqlx::query_scalar("SELECT account_id FROM account ORDER BY account_id LIMIT 1")
                .fetch_optional(self.db.read())
                .await?;
        id.as_deref().map(row::account_id).transpose()
    }

    /// What those call themselves who are there.
    pub async fn display_names(
        &self,
        of: &[AccountId],
    ) -> Result<BTreeMap<AccountId, String>, Error> {
        let sql = "SELECT account_id, display_name FROM account WHERE account_id IN ({list})";
        let rows = bulk::fetch_by(&mut *self.db.read().acquire().await?, sql, of).await?;
        let name =
            |row: &AnyRow| Ok((row::account_id(&row.try_get::<String, _>(0)?)?, row.try_get(1)?));
        rows.iter().map(name).collect()
    }

    /// Writes an act whose change is not in the database.
    pub async fn record(&self, act: &Act) -> Result<(), Error> {
        self.db.with_tx(|mut tx| async move { Ok(acts::put(&mut tx, act).await?) }).await
    }

    /// Which picture the account has.
    pub async fn avatar_set(
        &self,
        id: AccountId,
        name: Option<String>,
        act: &Act,
    ) -> Result<(), Error> {
        let name = &name;
        self.db
            .with_tx(|mut tx| async move {
                sqlx::query("UPDATE account SET avatar = $2 WHERE account_id = $1")
                    .bind(id.to_string())
                    .bind(name.clone())
                    .execute(&mut *tx)
                    .await?;
                Ok(acts::put(&mut tx, act).await?)
            })
            .await
    }

    pub async fn profile_update(
        &self,
        id: AccountId,
        profile: &Profile,
        act: &Act,
    ) -> Result<(), Error> {
        self.db.with_tx(|tx| update_profile(tx, id, profile, act)).await
    }
}

async fn update_profile(
    mut tx: Tx,
    id: AccountId,
    profile: &Profile,
    act: &Act,
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE account SET display_name = $2, visibility = $3, country = $4, language = $5,
                            has_birth_date = $6
         WHERE account_id = $1",
    )
    .bind(id.to_string())
    .bind(profile.display_name.clone())
    .bind(profile.visibility.name())
    .bind(profile.country.clone())
    .bind(profile.language.clone())
    .bind(i64::from(profile.has_birth_date))
    .execute(&mut *tx)
    .await?;
    Ok(acts::put(&mut tx, act).await?)
}

/// The account, read within a transaction that may change it.
async fn find(tx: &mut AnyConnection, id: AccountId) -> Result<Option<StoredAccount>, Error> {
    let row = sqlx::query(account_sql!("WHERE a.account_id = $1"))
        .bind(id.to_string())
        .fetch_optional(tx)
        .await?;
    row.as_ref().map(row::account).transpose()
}

async fn insert_account(mut tx: Tx, new: &NewAccount) -> Result<Option<StoredAccount>, Error> {
    let reserved = sqlx::query(
        "INSERT INTO account_email (email_hash, account_id, reserved_at_us)
         VALUES ($1, $2, $3) ON CONFLICT (email_hash) DO NOTHING",
    )
    .bind(new.email_hash.clone())
    .bind(new.id.to_string())
    .bind(new.now_us)
    .execute(&mut *tx)
    .await?;
    if reserved.rows_affected() == 0 {
        return Ok(None);
    }
    sqlx::query(
        "INSERT INTO account
             (account_id, email, email_field, email_hash, display_name, password_hash,
              created_at_us, email_verified_at_us)
         VALUES ($1, '', $2, $3, $4, $5, $6, $7)",
    )
    .bind(new.id.to_string())
    .bind(new.email_field.clone())
    .bind(new.email_hash.clone())
    .bind(new.display_name.clone())
    .bind(new.password_hash.clone())
    .bind(new.now_us)
    .bind(new.verified_at_us)
    .execute(&mut *tx)
    .await?;
    acts::put(&mut tx, &new.act).await?;
    if let Some(mail) = &new.mail {
        links::put_mail(&mut tx, mail).await?;
    }
    find(&mut tx, new.id).await
}
