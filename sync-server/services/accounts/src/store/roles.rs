//! The SQL of roles. `account.roles` says what an account has; `role_holder` finds those who have
//! more than everybody, and `role_change` counts, so that tokens with older roles are known.

use api::accounts::RoleHolder;
use domain::{
    AccountId, Role,
    access::{roles_parse, roles_text},
    audit::Act,
};
use engine_sql::{
    Tx, acts,
    sqlx::{self, AnyConnection},
};
use web::ApiError;

use super::{Store, find};
use crate::Error;

/// Roles as they are after a change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RolesChanged {
    pub roles: Vec<Role>,
    /// `None` where nothing had to change.
    pub version: Option<u32>,
}

impl Store {
    /// Gives or takes a role; `None` where the account is gone. The last owner stays one.
    pub async fn role_change(
        &self,
        account: AccountId,
        role: Role,
        is_granted: bool,
        act: &Act,
    ) -> Result<Option<RolesChanged>, Error> {
        self.db.with_tx(|tx| change(tx, account, role, is_granted, act)).await
    }

    /// Accounts with more roles than everybody has, `limit` at most.
    pub async fn role_holders(&self, limit: i64) -> Result<Vec<RoleHolder>, Error> {
        let rows: Vec<(String, String, String)> = sqlx::query_as(
            "SELECT a.account_id, a.display_name, a.roles FROM account a
             WHERE a.account_id IN (SELECT account_id FROM role_holder)
             ORDER BY a.account_id LIMIT $1",
        )
        .bind(limit)
        .fetch_all(self.db.read())
        .await?;
        let holder = |(id, display_name, roles): (String, String, String)| {
            let account = parse_id(&id)?;
            Ok(RoleHolder {
                account,
                display_name,
                roles: roles_parse(&roles).map_err(|_| Error::Stored { what: "role" })?,
            })
        };
        rows.into_iter().map(holder).collect()
    }

    /// Accounts whose roles changed after `since_us`, with the version and the time.
    pub async fn roles_changed(&self, since_us: i64) -> Result<Vec<(AccountId, u32, i64)>, Error> {
        let rows: Vec<(String, i64, i64)> = sqlx::query_as(
            "SELECT account_id, version, changed_at_us FROM role_change WHERE changed_at_us > $1",
        )
        .bind(since_us)
        .fetch_all(self.db.read())
        .await?;
        let changed = |(id, version, at_us): (String, i64, i64)| {
            Ok((parse_id(&id)?, u32::try_from(version).unwrap_or(u32::MAX), at_us))
        };
        rows.into_iter().map(changed).collect()
    }
}

async fn change(
    mut tx: Tx,
    account: AccountId,
    role: Role,
    is_granted: bool,
    act: &Act,
) -> Result<Option<RolesChanged>, Error> {
    let Some(stored) = find(&mut tx, account).await? else { return Ok(None) };
    let mut roles = stored.roles().to_vec();
    if roles.contains(&role) == is_granted {
        return Ok(Some(RolesChanged { roles, version: None }));
    }
    if is_granted {
        roles.push(role);
        roles.sort_unstable();
        hold(&mut tx, account, role).await?;
    } else {
        roles.retain(|held| *held != role);
        let_go(&mut tx, account, role).await?;
    }
    sqlx::query("UPDATE account SET roles = $2 WHERE account_id = $1")
        .bind(account.to_string())
        .bind(roles_text(&roles))
        .execute(&mut *tx)
        .await?;
    let version = count(&mut tx, account, act.at_us).await?;
    acts::put(&mut tx, act).await?;
    Ok(Some(RolesChanged { roles, version: Some(version) }))
}

pub(super) async fn hold(
    tx: &mut AnyConnection,
    account: AccountId,
    role: Role,
) -> Result<(), Error> {
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
    Ok(u32::try_from(version).unwrap_or(u32::MAX))
}

fn parse_id(text: &str) -> Result<AccountId, Error> {
    text.parse().map_err(|_| Error::Stored { what: "account id" })
}
