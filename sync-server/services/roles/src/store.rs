//! The SQL of roles: `role_holder` says who has more than everybody, `role_change` counts, so that
//! tokens with older roles are known, and `account_first` is for one row.

use std::collections::BTreeMap;

use domain::{
    AccountId, Role,
    audit::Act,
    subject::{Holding, Key, OnErasure},
};
use engine_sql::{
    Db, Step, Tx, acts, bulk, outbox,
    sqlx::{self, AnyConnection, Row as _},
};
use web::ApiError;

use crate::Error;

/// The tables were made by accounts before there was a service of its own for them.
const STEPS: &[Step] = &[
    (
        1,
        "changes of roles",
        "CREATE TABLE IF NOT EXISTS role_change (
            account_id TEXT NOT NULL PRIMARY KEY,
            version BIGINT NOT NULL,
            changed_at_us BIGINT NOT NULL)",
    ),
    (
        2,
        "who holds a role",
        "CREATE TABLE IF NOT EXISTS role_holder (
            account_id TEXT NOT NULL,
            role TEXT NOT NULL,
            PRIMARY KEY (account_id, role))",
    ),
    (
        3,
        "first owner",
        "CREATE TABLE IF NOT EXISTS account_first (
            place TEXT NOT NULL PRIMARY KEY,
            account_id TEXT NOT NULL)",
    ),
];

/// What is held about persons here.
pub const HOLDINGS: &[Holding] = &[
    holding("role_change", "When your roles changed last"),
    holding("role_holder", "Your roles on this server"),
    Holding {
        on_erasure: OnErasure::Keep {
            why: "So that nobody becomes the owner of this server again by being the first; the \
                  number in it means nothing any more",
        },
        ..holding("account_first", "Whether you were the first to sign up")
    },
];

const fn holding(table: &'static str, what: &'static str) -> Holding {
    Holding {
        table,
        keys: &[Key::Id("account_id")],
        what,
        why: "To let you do what you are asked to do",
        kept: "As long as the account",
        secret: &[],
        on_erasure: OnErasure::Delete,
    }
}

/// What an account has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Held {
    /// In their order, the listener's first.
    pub roles: Vec<Role>,
    /// How often they changed.
    pub version: u32,
}

/// Roles as they are after a change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Changed {
    pub roles: Vec<Role>,
    /// `None` where nothing had to change.
    pub version: Option<u32>,
}

#[derive(Clone, Debug)]
pub struct Store {
    db: Db,
}

impl Default for Held {
    fn default() -> Self {
        Self { roles: vec![Role::Listener], version: 0 }
    }
}

impl Store {
    pub async fn open(db: Db) -> Result<Self, Error> {
        db.migrate("roles", STEPS).await?;
        outbox::migrate(&db).await?;
        Ok(Self { db })
    }

    /// What accounts have, in the order in which they were asked for.
    pub async fn held(&self, of: &[AccountId]) -> Result<Vec<Held>, Error> {
        held(&mut *self.db.read().acquire().await?, of).await
    }

    /// Whether the account has just become the first owner of the server.
    pub async fn first_owner(&self, account: AccountId) -> Result<bool, Error> {
        self.db.with_tx(|tx| first_owner(tx, account)).await
    }

    /// Gives or takes a role. The last owner stays one.
    pub async fn change(
        &self,
        account: AccountId,
        role: Role,
        is_granted: bool,
        act: &Act,
    ) -> Result<Changed, Error> {
        self.db.with_tx(|tx| change(tx, account, role, is_granted, act)).await
    }

    /// Accounts with more roles than everybody has, `limit` at most.
    pub async fn holders(&self, limit: i64) -> Result<Vec<(AccountId, Vec<Role>)>, Error> {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "SELECT account_id, role FROM role_holder
             WHERE account_id IN (
                 SELECT DISTINCT account_id FROM role_holder ORDER BY account_id LIMIT $1)",
        )
        .bind(limit)
        .fetch_all(self.db.read())
        .await?;
        let mut holders = BTreeMap::<AccountId, Held>::new();
        for (id, role) in rows {
            holders.entry(parse_id(&id)?).or_default().add(&role)?;
        }
        Ok(holders.into_iter().map(|(account, held)| (account, held.roles)).collect())
    }

    /// Accounts whose roles changed after `since_us`, with the version and the time.
    pub async fn changed(&self, since_us: i64) -> Result<Vec<(AccountId, u32, i64)>, Error> {
        let rows: Vec<(String, i64, i64)> = sqlx::query_as(
            "SELECT account_id, version, changed_at_us FROM role_change WHERE changed_at_us > $1",
        )
        .bind(since_us)
        .fetch_all(self.db.read())
        .await?;
        rows.into_iter()
            .map(|(id, version, at_us)| Ok((parse_id(&id)?, number(version), at_us)))
            .collect()
    }

    pub async fn is_last_owner(&self, account: AccountId) -> Result<bool, Error> {
        let owners: Vec<(String,)> =
            sqlx::query_as("SELECT account_id FROM role_holder WHERE role = $1 LIMIT 2")
                .bind(Role::Owner.name())
                .fetch_all(self.db.read())
                .await?;
        Ok(matches!(&owners[..], [(only,)] if *only == account.to_string()))
    }
}

impl Held {
    fn add(&mut self, name: &str) -> Result<(), Error> {
        self.roles.push(name.parse().map_err(|_| Error::Stored { what: "role" })?);
        self.roles.sort_unstable();
        Ok(())
    }
}

async fn held(db: &mut AnyConnection, of: &[AccountId]) -> Result<Vec<Held>, Error> {
    let sql = "SELECT account_id, role, CAST(0 AS BIGINT) FROM role_holder
               WHERE account_id IN ({list})
               UNION ALL
               SELECT account_id, '', version FROM role_change WHERE account_id IN ({list})";
    let mut found = BTreeMap::<AccountId, Held>::new();
    for row in bulk::fetch_by(db, sql, of).await? {
        let held = found.entry(parse_id(&row.try_get::<String, _>(0)?)?).or_default();
        match row.try_get::<String, _>(1)?.as_str() {
            "" => held.version = number(row.try_get(2)?),
            role => held.add(role)?,
        }
    }
    Ok(of.iter().map(|account| found.get(account).cloned().unwrap_or_default()).collect())
}

async fn first_owner(mut tx: Tx, account: AccountId) -> Result<bool, Error> {
    let done = sqlx::query(
        "INSERT INTO account_first (place, account_id)
         VALUES ('first', $1) ON CONFLICT (place) DO NOTHING",
    )
    .bind(account.to_string())
    .execute(&mut *tx)
    .await?;
    let is_first = done.rows_affected() == 1;
    if is_first {
        hold(&mut tx, account, Role::Owner).await?;
    }
    Ok(is_first)
}

async fn change(
    mut tx: Tx,
    account: AccountId,
    role: Role,
    is_granted: bool,
    act: &Act,
) -> Result<Changed, Error> {
    let mut roles = held(&mut tx, &[account]).await?.remove(0).roles;
    if roles.contains(&role) == is_granted {
        return Ok(Changed { roles, version: None });
    }
    if is_granted {
        roles.push(role);
        roles.sort_unstable();
        hold(&mut tx, account, role).await?;
    } else {
        roles.retain(|held| *held != role);
        let_go(&mut tx, account, role).await?;
    }
    let version = count(&mut tx, account, act.at_us).await?;
    acts::put(&mut tx, act).await?;
    Ok(Changed { roles, version: Some(version) })
}

async fn hold(tx: &mut AnyConnection, account: AccountId, role: Role) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO role_holder (account_id, role) VALUES ($1, $2)
         ON CONFLICT (account_id, role) DO NOTHING",
    )
    .bind(account.to_string())
    .bind(role.name())
    .execute(tx)
    .await?;
    Ok(())
}

async fn let_go(tx: &mut AnyConnection, account: AccountId, role: Role) -> Result<(), Error> {
    sqlx::query("DELETE FROM role_holder WHERE account_id = $1 AND role = $2")
        .bind(account.to_string())
        .bind(role.name())
        .execute(&mut *tx)
        .await?;
    let left: (i64,) = sqlx::query_as("SELECT COUNT(*) FROM role_holder WHERE role = $1")
        .bind(Role::Owner.name())
        .fetch_one(tx)
        .await?;
    if role == Role::Owner && left.0 == 0 {
        return Err(ApiError::conflict(
            "This is the last owner of the server.",
            "Make someone else an owner first.",
        )
        .into());
    }
    Ok(())
}

async fn count(tx: &mut AnyConnection, account: AccountId, now_us: i64) -> Result<u32, Error> {
    let (version,): (i64,) = sqlx::query_as(
        "INSERT INTO role_change (account_id, version, changed_at_us) VALUES ($1, 1, $2)
         ON CONFLICT (account_id) DO UPDATE SET
             version = role_change.version + 1, changed_at_us = excluded.changed_at_us
         RETURNING version",
    )
    .bind(account.to_string())
    .bind(now_us)
    .fetch_one(tx)
    .await?;
    Ok(number(version))
}

fn parse_id(text: &str) -> Result<AccountId, Error> {
    text.parse().map_err(|_| Error::Stored { what: "account id" })
}

fn number(version: i64) -> u32 {
    u32::try_from(version).unwrap_or(u32::MAX)
}
