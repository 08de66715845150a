//! The SQL of accounts: making, finding, and describing them.

mod email;
mod links;
mod refresher;
mod roles;
mod row;
mod sessions;
mod subject;

use api::accounts::Visibility;
use domain::{AccountId, Role, access::roles_text, audit::Act};
use engine_sql::{
    Db, Tx, acts,
    sqlx::{self, AnyConnection},
};

pub use self::{
    email::{EmailChange, MovedEmail},
    refresher::Refresher,
    row::StoredAccount,
    sessions::{NewSession, Opened, Refresh, Refreshed, Which},
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

    /// Makes the account; `None` where the address is taken. The first account of a server
    /// becomes its owner.
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
    let is_first = sqlx::query(
        "INSERT INTO account_first (place, account_id)
         VALUES ('first', $1) ON CONFLICT (place) DO NOTHING",
    )
    .bind(new.id.to_string())
    .execute(&mut *tx)
    .await?
    .rows_affected()
        == 1;
    let roles = if is_first { vec![Role::Listener, Role::Owner] } else { vec![Role::Listener] };
    sqlx::query(
        "INSERT INTO account
             (account_id, email, email_field, email_hash, display_name, password_hash, roles,
              created_at_us, email_verified_at_us)
         VALUES ($1, '', $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(new.id.to_string())
    .bind(new.email_field.clone())
    .bind(new.email_hash.clone())
    .bind(new.display_name.clone())
    .bind(new.password_hash.clone())
    .bind(roles_text(&roles))
    .bind(new.now_us)
    .bind(new.verified_at_us)
    .execute(&mut *tx)
    .await?;
    if is_first {
        roles::hold(&mut tx, new.id, Role::Owner).await?;
    }
    acts::put(&mut tx, &new.act).await?;
    if let Some(mail) = &new.mail {
        links::put_mail(&mut tx, mail).await?;
    }
    find(&mut tx, new.id).await
}
