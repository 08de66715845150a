//! The SQL of refreshing: tokens of many sessions are traded for the next ones together.

use std::collections::{HashMap, HashSet};

use credentials::{Letter, RefreshToken};
use domain::audit::Act;
use engine_sql::{
    Tx, acts, bulk,
    sqlx::{self, AnyConnection, Row as _, any::AnyRow},
};

use super::{
    Opened, Store, StoredAccount, links,
    row::{self, N_COLUMNS, account_columns},
    sessions::{device_id, end_session, session_id},
};
use crate::{
    Error,
    mails::{MailJob, Whom},
};

/// Used tokens that are remembered per session, to notice that one is used again.
const GENERATIONS_MAX: i64 = 1_000;

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

/// A token as it is stored, where its session lives.
struct StoredToken {
    generation: i64,
    used_at_us: Option<i64>,
    session_used_at_us: i64,
    opened: Opened,
    account: StoredAccount,
}

impl Store {
    /// Trades tokens for the next ones of their sessions, where they were never used before; in
    /// one transaction.
    pub async fn sessions_refresh(&self, refreshes: &[Refresh]) -> Result<Vec<Refreshed>, Error> {
        self.db.with_tx(|tx| trade_all(tx, refreshes)).await
    }
}

/// Tokens of one session in their order, those of different sessions together.
async fn trade_all(mut tx: Tx, refreshes: &[Refresh]) -> Result<Vec<Refreshed>, Error> {
    let mut traded: Vec<Refreshed> = refreshes.iter().map(|_| Refreshed::Unknown).collect();
    let mut left: Vec<usize> = (0..refreshes.len()).collect();
    while !left.is_empty() {
        let mut sessions = HashSet::new();
        let (now, later): (Vec<usize>, Vec<usize>) =
            left.into_iter().partition(|at| sessions.insert(refreshes[*at].old.session));
        let of: Vec<&Refresh> = now.iter().map(|at| &refreshes[*at]).collect();
        for (at, refreshed) in now.into_iter().zip(trade(&mut tx, &of).await?) {
            traded[at] = refreshed;
        }
        left = later;
    }
    Ok(traded)
}

/// Each of another session.
async fn trade(tx: &mut AnyConnection, of: &[&Refresh]) -> Result<Vec<Refreshed>, Error> {
    let olds: Vec<&RefreshToken> = of.iter().map(|refresh| &refresh.old).collect();
    let mut found = tokens(tx, &olds).await?;
    let (mut traded, mut unused) = (Vec::with_capacity(of.len()), Vec::with_capacity(of.len()));
    for refresh in of {
        let token = found.remove(&refresh.old.hash());
        let living = token.filter(|token| token.session_used_at_us > refresh.idle_since_us);
        let Some(token) = living else {
            traded.push(Refreshed::Unknown);
            continue;
        };
        if token.used_at_us.is_none() {
            unused.push((*refresh, token.generation));
        } else if !is_answer_lost(tx, refresh, &token).await? {
            end_stolen(tx, refresh).await?;
            traded.push(Refreshed::Reused);
            continue;
        }
        traded.push(Refreshed::Next { account: Box::new(token.account), opened: token.opened });
    }
    put_next(tx, &unused).await?;
    Ok(traded)
}

/// Tokens by their hashes, where their sessions live.
async fn tokens(
    tx: &mut AnyConnection,
    tokens: &[&RefreshToken],
) -> Result<HashMap<String, StoredToken>, Error> {
    let sql = concat!(
        "SELECT ",
        account_columns!(),
        ", t.token_hash, t.generation, t.used_at_us, s.used_at_us, s.device_id,
           s.authenticated_at_us, s.session_id
         FROM (VALUES {rows}) AS v
         JOIN session_token t ON t.account_id = v.column1 AND t.session_id = v.column2
                             AND t.token_hash = v.column3
         JOIN session s ON s.account_id = t.account_id AND s.session_id = t.session_id
         JOIN account a ON a.account_id = t.account_id
         WHERE s.ended_at_us IS NULL"
    );
    let found = bulk::fetch_rows(tx, sql, tokens, 3, |values, token| {
        values.add(token.account.to_string()).add(token.session.to_string()).add(token.hash());
    });
    found.await?.iter().map(stored).collect()
}

fn stored(row: &AnyRow) -> Result<(String, StoredToken), Error> {
    let device: Option<String> = row.try_get(N_COLUMNS + 4)?;
    let session: String = row.try_get(N_COLUMNS + 6)?;
    let opened = Opened {
        device: device_id(device.as_deref(), session_id(&session)?)?,
        authenticated_at_us: row.try_get(N_COLUMNS + 5)?,
    };
    let token = StoredToken {
        generation: row.try_get(N_COLUMNS + 1)?,
        used_at_us: row.try_get(N_COLUMNS + 2)?,
        session_used_at_us: row.try_get(N_COLUMNS + 3)?,
        opened,
        account: row::account(row)?,
    };
    Ok((row.try_get(N_COLUMNS)?, token))
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
    let next = tokens(tx, &[&refresh.next]).await?.into_values().next();
    Ok(next.is_some_and(|next| next.used_at_us.is_none() && next.generation == used.generation + 1))
}

/// Ends a session, one of whose tokens is in wrong hands, now or then.
async fn end_stolen(tx: &mut AnyConnection, refresh: &Refresh) -> Result<(), Error> {
    let Refresh { old, now_us, .. } = refresh;
    end_session(tx, old.account, old.session, "token reused", *now_us).await?;
    let to = Whom::Account(old.account);
    links::put_mail(tx, &MailJob::new(*now_us, Letter::SessionEnded, to)).await?;
    Ok(acts::put(tx, &refresh.reuse).await?)
}

/// Marks tokens as used and puts the next ones, with the generation of those before.
async fn put_next(tx: &mut AnyConnection, of: &[(&Refresh, i64)]) -> Result<(), Error> {
    let sql = "UPDATE session_token SET used_at_us = v.column4 FROM (VALUES {rows}) AS v
               WHERE session_token.account_id = v.column1 AND session_token.session_id = v.column2
                 AND session_token.token_hash = v.column3";
    bulk::execute_rows(tx, sql, of, 4, |values, (refresh, _)| {
        let Refresh { old, now_us, .. } = refresh;
        values.add(old.account.to_string()).add(old.session.to_string()).add(old.hash());
        values.add(*now_us);
    })
    .await?;
    let sql = "UPDATE session SET used_at_us = v.column3, last_network = v.column4
               FROM (VALUES {rows}) AS v
               WHERE session.account_id = v.column1 AND session.session_id = v.column2";
    bulk::execute_rows(tx, sql, of, 4, |values, (refresh, _)| {
        let Refresh { old, now_us, network, .. } = refresh;
        values.add(old.account.to_string()).add(old.session.to_string());
        values.add(*now_us).add(network.clone());
    })
    .await?;
    let sql = "INSERT INTO session_token (account_id, session_id, token_hash, generation)
               VALUES {rows}";
    bulk::execute_rows(tx, sql, of, 4, |values, (Refresh { next, .. }, generation)| {
        values.add(next.account.to_string()).add(next.session.to_string());
        values.add(next.hash()).add(generation + 1);
    })
    .await?;
    for (refresh, generation) in of {
        forget_before(tx, &refresh.old, generation - GENERATIONS_MAX).await?;
    }
    Ok(())
}

async fn forget_before(
    tx: &mut AnyConnection,
    token: &RefreshToken,
    generation: i64,
) -> Result<(), Error> {
    // They are counted from 1.
    if generation < 1 {
        return Ok(());
    }
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
