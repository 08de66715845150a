//! The SQL of sessions and their tokens.

use api::accounts::SessionEntry;
use credentials::RefreshToken;
use domain::{AccountId, DeviceId, SessionId, audit::Act};
use engine_sql::{
    Tx, acts,
    sqlx::{self, AnyConnection},
};

use super::Store;
use crate::Error;

/// Sessions of one account at a time; the least recently used ends where there would be more.
const SESSIONS_MAX: i64 = 50;

/// Ended sessions read at a time.
const ENDED_MAX: i64 = 100_000;

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

    /// The device, where the account of an address knows it. It takes the same time where there is
    /// no such account.
    pub async fn device_known_by(
        &self,
        email_hash: &str,
        device: Option<DeviceId>,
    ) -> Result<Option<DeviceId>, Error> {
        let Some(device) = device else { return Ok(None) };
        let found: Option<String> = sqlx::query_scalar(
            "SELECT s.session_id FROM account_email e
             JOIN session s ON s.account_id = e.account_id
             WHERE e.email_hash = $1 AND s.device_id = $2 LIMIT 1",
        )
        .bind(email_hash.to_owned())
        .bind(device.to_string())
        .fetch_optional(self.db.read())
        .await?;
        Ok(found.map(|_| device))
    }

    /// Sessions of an account that live and were used after `idle_since_us`, the latest first.
    pub async fn sessions(
        &self,
        account: AccountId,
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
            let device_id = device_id(device.as_deref(), id)?;
            Ok(SessionEntry {
                id,
                device_id,
                device_name,
                created_at_us,
                used_at_us,
                last_network,
                is_current: false,
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
    insert_token(&mut tx, &new.token).await?;
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

/// The first one of a session.
async fn insert_token(tx: &mut AnyConnection, token: &RefreshToken) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO session_token (account_id, session_id, token_hash, generation)
         VALUES ($1, $2, $3, 1)",
    )
    .bind(token.account.to_string())
    .bind(token.session.to_string())
    .bind(token.hash())
    .execute(tx)
    .await?;
    Ok(())
}

/// Ends the session and forgets its tokens: none of them is good for anything any more.
pub(super) async fn end_session(
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

pub(super) fn session_id(text: &str) -> Result<SessionId, Error> {
    text.parse().map_err(|_| Error::Stored { what: "session id" })
}

/// Sessions from before there were devices are each one of their own.
pub(super) fn device_id(text: Option<&str>, session: SessionId) -> Result<DeviceId, Error> {
    let Some(text) = text else { return Ok(DeviceId::from_uuid(session.uuid())) };
    text.parse().map_err(|_| Error::Stored { what: "device id" })
}
