//! The SQL of sessions and their tokens.

use api::accounts::SessionEntry;
use credentials::{Letter, RefreshToken};
use domain::{AccountId, DeviceId, SessionId, audit::Act};
use engine_sql::{
    Tx, acts,
    sqlx::{self, AnyConnection},
};

use super::{Store, find, links, row::StoredAccount};
use crate::{
    Error,
    mails::{MailJob, Whom},
};

/// Sessions of one account at a time; the least recently used ends where there would be more.
const SESSIONS_MAX: i64 = 50;

/// Ended sessions read at a time.
const ENDED_MAX: i64 = 100_000;

/// Used tokens that are remembered per session, to notice that one is used again.
const GENERATIONS_MAX: i64 = 1_000;

/// A session to be made.
pub struct NewSession {
    pub token: RefreshToken,
    /// What the device says it is; believed where the account knows it.
    pub claimed_device: Option<DeviceId>,
    /// What it is otherwise.
    pub new_device: DeviceId,
    pub device_name: String,
    pub network: Option<String>,
    pub act: Act,
}

/// A session as it is open: on which device, and when its person last showed who they are.
#[derive(Clone, Copy, Debug)]
pub struct Opened {
    pub device: DeviceId,
    pub authenticated_at_us: i64,
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
    pub network: Option<String>,
    /// What is told where the token had been used before.
    pub reuse: Act,
}

/// What refreshing came to.
#[derive(Debug)]
pub enum Refreshed {
    Next {
        account: Box<StoredAccount>,
        opened: Opened,
    },
    /// The token had been used before: the session has just ended.
    Reused,
    /// No such token, or its session ended or idled out.
    Unknown,
}

/// Which sessions of an account.
#[derive(Clone, Copy, Debug)]
pub enum Which {
    This(SessionId),
    AllBut(SessionId),
    All,
}

/// Id, device, its name, times of making and of last use, network of last use.
type SessionRow = (String, Option<String>, String, i64, i64, Option<String>);

impl Store {
    /// Opens a session. Answers with its device, and with the sessions that ended for it.
    pub async fn session_create(
        &self,
        new: &NewSession,
    ) -> Result<(DeviceId, Vec<SessionId>), Error> {
        self.db.with_tx(|tx| create(tx, new)).await
    }

    /// Trades tokens for the next ones of their sessions, where they were never used before; in
    /// one transaction.
    pub async fn sessions_refresh(&self, refreshes: &[Refresh]) -> Result<Vec<Refreshed>, Error> {
        self.db
            .with_tx(|mut tx| async move {
                let mut refreshed = Vec::with_capacity(refreshes.len());
                for refresh in refreshes {
                    refreshed.push(trade(&mut tx, refresh).await?);
                }
                Ok(refreshed)
            })
            .await
    }

    /// The person of a session showed who they are; `false` where it has ended.
    pub async fn session_authenticated(
        &self,
        account: AccountId,
        session: SessionId,
        act: &Act,
    ) -> Result<bool, Error> {
        self.db
            .with_tx(|mut tx| async move {
                let done = sqlx::query(
                    "UPDATE session SET authenticated_at_us = $3
                     WHERE account_id = $1 AND session_id = $2 AND ended_at_us IS NULL",
                )
                .bind(account.to_string())
                .bind(session.to_string())
                .bind(act.at_us)
                .execute(&mut *tx)
                .await?;
                acts::put(&mut tx, act).await?;
                Ok(done.rows_affected() == 1)
            })
            .await
    }

    pub async fn is_device_known(
        &self,
        account: AccountId,
        device: DeviceId,
    ) -> Result<bool, Error> {
        is_known(&mut *self.db.read().acquire().await?, account, device).await
    }

    /// Sessions of an account that live and were used after `idle_since_us`, the latest first.
    pub async fn sessions(
        &self,
        account: AccountId,
        current: SessionId,
        idle_since_us: i64,
    ) -> Result<Vec<SessionEntry>, Error> {
        let rows: Vec<SessionRow> = sqlx::query_as(
            "SELECT session_id, device_id, device_name, created_at_us, used_at_us, last_network
             FROM session
             WHERE account_id = $1 AND ended_at_us IS NULL AND used_at_us > $2
             ORDER BY used_at_us DESC, session_id DESC LIMIT $3",
        )
        .bind(account.to_string())
        .bind(idle_since_us)
        .bind(SESSIONS_MAX)
        .fetch_all(self.db.read())
        .await?;
        let entries = rows.into_iter().map(|row| {
            let (id, device, device_name, created_at_us, used_at_us, last_network) = row;
            let id = session_id(&id)?;
            let device_id = device_id(device, id)?;
            let is_current = id == current;
            Ok(SessionEntry {
                id,
                device_id,
                device_name,
                created_at_us,
                used_at_us,
                last_network,
                is_current,
            })
        });
        entries.collect()
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

    /// Ends sessions for good; answers with those that lived.
    pub async fn sessions_end(
        &self,
        account: AccountId,
        which: Which,
        act: &Act,
    ) -> Result<Vec<SessionId>, Error> {
        self.db.with_tx(|tx| end(tx, account, which, act)).await
    }
}

async fn create(mut tx: Tx, new: &NewSession) -> Result<(DeviceId, Vec<SessionId>), Error> {
    let (account, now_us) = (new.token.account, new.act.at_us);
    let (device, mut ended) = match new.claimed_device {
        Some(device) if is_known(&mut tx, account, device).await? => {
            // Who signs in there again has lost or left what was there before.
            (device, end_on_device(&mut tx, account, device, now_us).await?)
        }
        _ => (new.new_device, Vec::new()),
    };
    insert_session(&mut tx, new, device).await?;
    insert_token(&mut tx, &new.token, 1).await?;
    ended.extend(end_oldest_sessions(&mut tx, account, now_us).await?);
    acts::put(&mut tx, &new.act).await?;
    Ok((device, ended))
}

async fn is_known(
    tx: &mut AnyConnection,
    account: AccountId,
    device: DeviceId,
) -> Result<bool, Error> {
    let found: Option<(String,)> = sqlx::query_as(
        "SELECT session_id FROM session WHERE account_id = $1 AND device_id = $2 LIMIT 1",
    )
    .bind(account.to_string())
    .bind(device.to_string())
    .fetch_optional(tx)
    .await?;
    Ok(found.is_some())
}

async fn end_on_device(
    tx: &mut AnyConnection,
    account: AccountId,
    device: DeviceId,
    now_us: i64,
) -> Result<Vec<SessionId>, Error> {
    let living: Vec<(String,)> = sqlx::query_as(
        "SELECT session_id FROM session
         WHERE account_id = $1 AND device_id = $2 AND ended_at_us IS NULL",
    )
    .bind(account.to_string())
    .bind(device.to_string())
    .fetch_all(&mut *tx)
    .await?;
    end_all(tx, account, &living, "signed in again", now_us).await
}

async fn end(
    mut tx: Tx,
    account: AccountId,
    which: Which,
    act: &Act,
) -> Result<Vec<SessionId>, Error> {
    let ended = end_which(&mut tx, account, which, "signed out", act.at_us).await?;
    if !ended.is_empty() {
        acts::put(&mut tx, act).await?;
    }
    Ok(ended)
}

pub(super) async fn end_which(
    tx: &mut AnyConnection,
    account: AccountId,
    which: Which,
    reason: &'static str,
    now_us: i64,
) -> Result<Vec<SessionId>, Error> {
    let living: Vec<(String,)> = sqlx::query_as(
        "SELECT session_id FROM session WHERE account_id = $1 AND ended_at_us IS NULL",
    )
    .bind(account.to_string())
    .fetch_all(&mut *tx)
    .await?;
    let is_meant = |id: &str| match which {
        Which::This(session) => id == session.to_string(),
        Which::AllBut(session) => id != session.to_string(),
        Which::All => true,
    };
    let living: Vec<(String,)> = living.into_iter().filter(|(id,)| is_meant(id)).collect();
    end_all(tx, account, &living, reason, now_us).await
}

async fn end_all(
    tx: &mut AnyConnection,
    account: AccountId,
    sessions: &[(String,)],
    reason: &'static str,
    now_us: i64,
) -> Result<Vec<SessionId>, Error> {
    let sessions: Vec<SessionId> =
        sessions.iter().map(|(session,)| session_id(session)).collect::<Result<_, _>>()?;
    for session in &sessions {
        end_session(tx, account, *session, reason, now_us).await?;
    }
    Ok(sessions)
}

async fn trade(tx: &mut AnyConnection, refresh: &Refresh) -> Result<Refreshed, Error> {
    let Refresh { old, next, now_us, .. } = refresh;
    let found = token(tx, old, refresh.idle_since_us).await?;
    let Some(found) = found else { return Ok(Refreshed::Unknown) };
    let is_repeated = found.used_at_us.is_some();
    if is_repeated && !is_answer_lost(tx, refresh, &found).await? {
        end_session(tx, old.account, old.session, "token reused", *now_us).await?;
        let to = Whom::Account(old.account);
        links::put_mail(tx, &MailJob::new(*now_us, Letter::SessionEnded, to)).await?;
        acts::put(tx, &refresh.reuse).await?;
        return Ok(Refreshed::Reused);
    }
    let Some(account) = find(tx, old.account).await? else { return Ok(Refreshed::Unknown) };
    if !is_repeated {
        mark_used(tx, refresh).await?;
        insert_token(tx, next, found.generation + 1).await?;
        forget_before(tx, old, found.generation - GENERATIONS_MAX).await?;
    }
    Ok(Refreshed::Next { account: Box::new(account), opened: found.opened })
}

/// A token as it is stored.
struct StoredToken {
    generation: i64,
    used_at_us: Option<i64>,
    opened: Opened,
}

/// Generation, time of use; device of the session, and when its person showed who they are.
type TokenRow = (i64, Option<i64>, Option<String>, i64);

/// The token, where its session lives and was used after `idle_since_us`.
async fn token(
    tx: &mut AnyConnection,
    token: &RefreshToken,
    idle_since_us: i64,
) -> Result<Option<StoredToken>, Error> {
    let found: Option<TokenRow> = sqlx::query_as(
        "SELECT t.generation, t.used_at_us, s.device_id, s.authenticated_at_us
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
    let stored = |(generation, used_at_us, device, authenticated_at_us): TokenRow| {
        let device = device_id(device, token.session)?;
        let opened = Opened { device, authenticated_at_us };
        Ok(StoredToken { generation, used_at_us, opened })
    };
    found.map(stored).transpose()
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

async fn mark_used(tx: &mut AnyConnection, refresh: &Refresh) -> Result<(), Error> {
    let Refresh { old, now_us, network, .. } = refresh;
    sqlx::query(
        "UPDATE session_token SET used_at_us = $4
         WHERE account_id = $1 AND session_id = $2 AND token_hash = $3",
    )
    .bind(old.account.to_string())
    .bind(old.session.to_string())
    .bind(old.hash())
    .bind(*now_us)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "UPDATE session SET used_at_us = $3, last_network = $4
         WHERE account_id = $1 AND session_id = $2",
    )
    .bind(old.account.to_string())
    .bind(old.session.to_string())
    .bind(*now_us)
    .bind(network.clone())
    .execute(&mut *tx)
    .await?;
    Ok(())
}

async fn insert_session(
    tx: &mut AnyConnection,
    new: &NewSession,
    device: DeviceId,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO session
             (account_id, session_id, device_id, device_name, last_network, created_at_us,
              used_at_us, authenticated_at_us)
         VALUES ($1, $2, $3, $4, $5, $6, $6, $6)",
    )
    .bind(new.token.account.to_string())
    .bind(new.token.session.to_string())
    .bind(device.to_string())
    .bind(new.device_name.clone())
    .bind(new.network.clone())
    .bind(new.act.at_us)
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
    end_all(tx, account, &oldest, "too many sessions", now_us).await
}

fn session_id(text: &str) -> Result<SessionId, Error> {
    text.parse().map_err(|_| Error::Stored { what: "session id" })
}

/// Sessions from before there were devices are each one of their own.
fn device_id(text: Option<String>, session: SessionId) -> Result<DeviceId, Error> {
    let Some(text) = text else { return Ok(DeviceId::from_uuid(session.uuid())) };
    text.parse().map_err(|_| Error::Stored { what: "device id" })
}
