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

/// Ended sessions read at a time.
const ENDED_MAX: i64 = 100_000;

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

/// A token to be traded for the next one.
pub struct Refresh {
    pub old: RefreshToken,
    pub next: RefreshToken,
    /// The session must have been used after this.
    pub idle_since_us: i64,
    /// A token that was used after this may be used again, where what it was traded for is `next`
    /// and was never used: the answer was lost.
    pub lost_since_us: i64,
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

    /// Opens a session whose first token is `token`. Answers with the sessions that ended for it.
    pub async fn session_create(
        &self,
        token: &RefreshToken,
        device_name: &str,
        now_us: i64,
    ) -> Result<Vec<SessionId>, Error> {
        self.db
            .with_tx(|mut tx| async move {
                insert_session(&mut tx, token, device_name, now_us).await?;
                insert_token(&mut tx, token, 1).await?;
                end_oldest_sessions(&mut tx, token.account, now_us).await
            })
            .await
    }

    /// Trades a token for the next one of its session, where it was never used before.
    pub async fn session_refresh(&self, refresh: &Refresh) -> Result<Refreshed, Error> {
        self.db.with_tx(|tx| trade(tx, refresh)).await
    }

    /// Sessions that ended after `since_us`, with their ends, the latest first.
    pub async fn sessions_ended(&self, since_us: i64) -> Result<Vec<(SessionId, i64)>, Error> {
        let rows: Vec<(String, i64)> = sqlx::query_as(
            "SELECT session_id, ended_at_us FROM session
             WHERE ended_at_us > $1 ORDER BY ended_at_us DESC LIMIT $2",
        )
        .bind(since_us)
        .bind(ENDED_MAX)
        .fetch_all(self.db.read())
        .await?;
        rows.into_iter().map(|(id, ended_at_us)| Ok((session_id(&id)?, ended_at_us))).collect()
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

async fn trade(mut tx: Tx, refresh: &Refresh) -> Result<Refreshed, Error> {
    let Refresh { old, next, now_us, .. } = refresh;
    let found = token(&mut tx, old, refresh.idle_since_us).await?;
    let Some(found) = found else { return Ok(Refreshed::Unknown) };
    let is_repeated = found.used_at_us.is_some();
    if is_repeated && !is_answer_lost(&mut tx, refresh, &found).await? {
        end_session(&mut tx, old.account, old.session, "token reused", *now_us).await?;
        return Ok(Refreshed::Reused);
    }
    let row: Option<AccountRow> = sqlx::query_as(
        "SELECT account_id, email, display_name, password_hash, roles, created_at_us
         FROM account WHERE account_id = $1",
    )
    .bind(old.account.to_string())
    .fetch_optional(&mut *tx)
    .await?;
    let Some(row) = row else { return Ok(Refreshed::Unknown) };
    if !is_repeated {
        mark_used(&mut tx, old, *now_us).await?;
        insert_token(&mut tx, next, found.generation + 1).await?;
        forget_before(&mut tx, old, found.generation - GENERATIONS_MAX).await?;
    }
    Ok(Refreshed::Next(account(&row)?))
}

/// A token as it is stored.
struct StoredToken {
    generation: i64,
    used_at_us: Option<i64>,
}

/// The token, where its session lives and was used after `idle_since_us`.
async fn token(
    tx: &mut AnyConnection,
    token: &RefreshToken,
    idle_since_us: i64,
) -> Result<Option<StoredToken>, Error> {
    let found: Option<(i64, Option<i64>)> = sqlx::query_as(
        "SELECT t.generation, t.used_at_us
         FROM session_token t
         JOIN session s ON s.account_id = t.account_id AND s.session_id = t.session_id
         WHERE t.account_id = $1 AND t.session_id = $2 AND t.token_hash = $3
           AND s.ended_at_us IS NULL AND s.used_at_us > $4",
    )
    .bind(token.account.to_string())
    .bind(token.session.to_string())
    .bind(token.hash())
    .bind(idle_since_us)
    .fetch_optional(tx)
    .await?;
    Ok(found.map(|(generation, used_at_us)| StoredToken { generation, used_at_us }))
}

/// Whether a token is used again by the client that used it first: just now, with the same key,
/// and without having used what it was traded for.
async fn is_answer_lost(
    tx: &mut AnyConnection,
    refresh: &Refresh,
    used: &StoredToken,
) -> Result<bool, Error> {
    if used.used_at_us.is_none_or(|used_at_us| used_at_us <= refresh.lost_since_us) {
        return Ok(false);
    }
    let next = token(tx, &refresh.next, refresh.idle_since_us).await?;
    Ok(next.is_some_and(|next| next.used_at_us.is_none() && next.generation == used.generation + 1))
}

async fn forget_before(
    tx: &mut AnyConnection,
    token: &RefreshToken,
    generation: i64,
) -> Result<(), Error> {
    sqlx::query(
        "DELETE FROM session_token
         WHERE account_id = $1 AND session_id = $2 AND generation <= $3",
    )
    .bind(token.account.to_string())
    .bind(token.session.to_string())
    .bind(generation)
    .execute(tx)
    .await?;
    Ok(())
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
) -> Result<Vec<SessionId>, Error> {
    let oldest: Vec<(String,)> = sqlx::query_as(
        "SELECT session_id FROM session
         WHERE account_id = $1 AND ended_at_us IS NULL
         ORDER BY used_at_us DESC, session_id DESC LIMIT 100 OFFSET $2",
    )
    .bind(account.to_string())
    .bind(SESSIONS_MAX)
    .fetch_all(&mut *tx)
    .await?;
    let oldest: Vec<SessionId> =
        oldest.iter().map(|(session,)| session_id(session)).collect::<Result<_, _>>()?;
    for session in &oldest {
        end_session(tx, account, *session, "too many sessions", now_us).await?;
    }
    Ok(oldest)
}

fn session_id(text: &str) -> Result<SessionId, Error> {
    text.parse().map_err(|_| Error::Stored { what: "session id" })
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
