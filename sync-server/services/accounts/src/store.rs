//! The SQL of accounts and sessions.

use api::accounts::{Account, Role};
use domain::{AccountId, SessionId};
use engine_sql::{
    Db, Tx,
    sqlx::{self, AnyConnection},
};

use crate::{Error, refresh_token::RefreshToken, schema};

/// Sessions of one account at a time; the least recently used ends where there would be more.
const SESSIONS_MAX: i64 = 50;

/// Used tokens that are remembered per session, to notice that one is used again.
const GENERATIONS_MAX: i64 = 1_000;

#[derive(Clone, Debug)]
pub struct Store {
    db: Db,
}

/// An account to be made.
pub struct NewAccount {
    pub id: AccountId,
    pub email: String,
    pub email_hash: String,
    pub display_name: String,
    pub password_hash: String,
    pub now_us: i64,
}

/// What refreshing came to.
#[derive(Debug)]
pub enum Refreshed {
    Next(Account),
    /// The token had been used before: the session has just ended.
    Reused,
    /// No such token, or its session ended or idled out.
    Unknown,
}

/// Id, email, display name, password hash, roles, time of making.
type AccountRow = (String, String, String, String, String, i64);

impl Store {
    pub async fn open(db: Db) -> Result<Self, Error> {
        db.migrate("accounts", schema::STEPS).await?;
        Ok(Self { db })
    }

    /// Makes the account; `None` where the address is taken. The first account of a server
    /// becomes its owner.
    pub async fn account_create(&self, new: &NewAccount) -> Result<Option<Account>, Error> {
        self.db.with_tx(|tx| insert_account(tx, new)).await
    }

    /// The account of an address, with its password's hash.
    pub async fn account_by_email(
        &self,
        email_hash: &str,
    ) -> Result<Option<(Account, String)>, Error> {
        let row: Option<AccountRow> = sqlx::query_as(
            "SELECT a.account_id, a.email, a.display_name, a.password_hash, a.roles,
                    a.created_at_us
             FROM account_email e JOIN account a ON a.account_id = e.account_id
             WHERE e.email_hash = $1",
        )
        .bind(email_hash.to_owned())
        .fetch_optional(self.db.read())
        .await?;
        row.map(|row| Ok((account(&row)?, row.3))).transpose()
    }

    pub async fn account(&self, id: AccountId) -> Result<Option<Account>, Error> {
        let row: Option<AccountRow> = sqlx::query_as(
            "SELECT account_id, email, display_name, password_hash, roles, created_at_us
             FROM account WHERE account_id = $1",
        )
        .bind(id.to_string())
        .fetch_optional(self.db.read())
        .await?;
        row.as_ref().map(account).transpose()
    }

    /// Opens a session whose first token is `token`.
    pub async fn session_create(
        &self,
        token: &RefreshToken,
        device_name: &str,
        now_us: i64,
    ) -> Result<(), Error> {
        self.db
            .with_tx(|mut tx| async move {
                insert_session(&mut tx, token, device_name, now_us).await?;
                insert_token(&mut tx, token, 1).await?;
                end_oldest_sessions(&mut tx, token.account, now_us).await
            })
            .await
    }

    /// Trades `old` for `next` of the same session, where `old` was never used and the session
    /// was used after `idle_since_us`.
    pub async fn session_refresh(
        &self,
        old: &RefreshToken,
        next: &RefreshToken,
        idle_since_us: i64,
        now_us: i64,
    ) -> Result<Refreshed, Error> {
        self.db.with_tx(|tx| refresh(tx, old, next, idle_since_us, now_us)).await
    }

    /// Ends a session for good. Ending it twice is no error.
    pub async fn session_end(
        &self,
        account: AccountId,
        session: SessionId,
        now_us: i64,
    ) -> Result<(), Error> {
        self.db
            .with_tx(|mut tx| async move {
                end_session(&mut tx, account, session, "signed out", now_us).await
            })
            .await
    }
}

async fn insert_account(mut tx: Tx, new: &NewAccount) -> Result<Option<Account>, Error> {
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
             (account_id, email, display_name, password_hash, roles, created_at_us)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(new.id.to_string())
    .bind(new.email.clone())
    .bind(new.display_name.clone())
    .bind(new.password_hash.clone())
    .bind(roles_text(&roles))
    .bind(new.now_us)
    .execute(&mut *tx)
    .await?;
    Ok(Some(Account {
        id: new.id,
        email: new.email.clone(),
        display_name: new.display_name.clone(),
        roles,
        created_at_us: new.now_us,
    }))
}

async fn refresh(
    mut tx: Tx,
    old: &RefreshToken,
    next: &RefreshToken,
    idle_since_us: i64,
    now_us: i64,
) -> Result<Refreshed, Error> {
    let found: Option<(i64, Option<i64>)> = sqlx::query_as(
        "SELECT t.generation, t.used_at_us
         FROM session_token t
         JOIN session s ON s.account_id = t.account_id AND s.session_id = t.session_id
         WHERE t.account_id = $1 AND t.session_id = $2 AND t.token_hash = $3
           AND s.ended_at_us IS NULL AND s.used_at_us > $4",
    )
    .bind(old.account.to_string())
    .bind(old.session.to_string())
    .bind(old.hash())
    .bind(idle_since_us)
    .fetch_optional(&mut *tx)
    .await?;
    let generation = match found {
        None => return Ok(Refreshed::Unknown),
        Some((_, Some(_))) => {
            end_session(&mut tx, old.account, old.session, "token reused", now_us).await?;
            return Ok(Refreshed::Reused);
        }
        Some((generation, None)) => generation,
    };
    let row: Option<AccountRow> = sqlx::query_as(
        "SELECT account_id, email, display_name, password_hash, roles, created_at_us
         FROM account WHERE account_id = $1",
    )
    .bind(old.account.to_string())
    .fetch_optional(&mut *tx)
    .await?;
    let Some(row) = row else { return Ok(Refreshed::Unknown) };
    mark_used(&mut tx, old, now_us).await?;
    insert_token(&mut tx, next, generation + 1).await?;
    sqlx::query(
        "DELETE FROM session_token
         WHERE account_id = $1 AND session_id = $2 AND generation <= $3",
    )
    .bind(old.account.to_string())
    .bind(old.session.to_string())
    .bind(generation - GENERATIONS_MAX)
    .execute(&mut *tx)
    .await?;
    Ok(Refreshed::Next(account(&row)?))
}

async fn mark_used(tx: &mut AnyConnection, token: &RefreshToken, now_us: i64) -> Result<(), Error> {
    sqlx::query(
        "UPDATE session_token SET used_at_us = $4
         WHERE account_id = $1 AND session_id = $2 AND token_hash = $3",
    )
    .bind(token.account.to_string())
    .bind(token.session.to_string())
    .bind(token.hash())
    .bind(now_us)
    .execute(&mut *tx)
    .await?;
    sqlx::query("UPDATE session SET used_at_us = $3 WHERE account_id = $1 AND session_id = $2")
        .bind(token.account.to_string())
        .bind(token.session.to_string())
        .bind(now_us)
        .execute(&mut *tx)
        .await?;
    Ok(())
}

async fn insert_session(
    tx: &mut AnyConnection,
    token: &RefreshToken,
    device_name: &str,
    now_us: i64,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO session (account_id, session_id, device_name, created_at_us, used_at_us)
         VALUES ($1, $2, $3, $4, $4)",
    )
    .bind(token.account.to_string())
    .bind(token.session.to_string())
    .bind(device_name.to_owned())
    .bind(now_us)
    .execute(tx)
    .await?;
    Ok(())
}

async fn insert_token(
    tx: &mut AnyConnection,
    token: &RefreshToken,
    generation: i64,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO session_token (account_id, session_id, token_hash, generation)
         VALUES ($1, $2, $3, $4)",
    )
    .bind(token.account.to_string())
    .bind(token.session.to_string())
    .bind(token.hash())
    .bind(generation)
    .execute(tx)
    .await?;
    Ok(())
}

/// Ends the session and forgets its tokens: none of them is good for anything any more.
async fn end_session(
    tx: &mut AnyConnection,
    account: AccountId,
    session: SessionId,
    reason: &'static str,
    now_us: i64,
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE session SET ended_at_us = $3, end_reason = $4
         WHERE account_id = $1 AND session_id = $2 AND ended_at_us IS NULL",
    )
    .bind(account.to_string())
    .bind(session.to_string())
    .bind(now_us)
    .bind(reason)
    .execute(&mut *tx)
    .await?;
    sqlx::query("DELETE FROM session_token WHERE account_id = $1 AND session_id = $2")
        .bind(account.to_string())
        .bind(session.to_string())
        .execute(&mut *tx)
        .await?;
    Ok(())
}

async fn end_oldest_sessions(
    tx: &mut AnyConnection,
    account: AccountId,
    now_us: i64,
) -> Result<(), Error> {
    let oldest: Vec<(String,)> = sqlx::query_as(
        "SELECT session_id FROM session
         WHERE account_id = $1 AND ended_at_us IS NULL
         ORDER BY used_at_us DESC, session_id DESC LIMIT 100 OFFSET $2",
    )
    .bind(account.to_string())
    .bind(SESSIONS_MAX)
    .fetch_all(&mut *tx)
    .await?;
    for (session,) in oldest {
        let session = session.parse().map_err(|_| Error::Stored { what: "session id" })?;
        end_session(tx, account, session, "too many sessions", now_us).await?;
    }
    Ok(())
}

fn account(row: &AccountRow) -> Result<Account, Error> {
    let (id, email, display_name, _, roles, created_at_us) = row;
    Ok(Account {
        id: id.parse().map_err(|_| Error::Stored { what: "account id" })?,
        email: email.clone(),
        display_name: display_name.clone(),
        roles: parse_roles(roles)?,
        created_at_us: *created_at_us,
    })
}

fn roles_text(roles: &[Role]) -> String {
    let names = roles.iter().map(|role| match role {
        Role::Listener => "listener",
        Role::Owner => "owner",
    });
    names.collect::<Vec<_>>().join(" ")
}

fn parse_roles(text: &str) -> Result<Vec<Role>, Error> {
    text.split(' ')
        .map(|name| match name {
            "listener" => Ok(Role::Listener),
            "owner" => Ok(Role::Owner),
            _ => Err(Error::Stored { what: "role" }),
        })
        .collect()
}
