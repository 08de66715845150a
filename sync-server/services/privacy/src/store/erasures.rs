//! The SQL of erasures: asked for, running, done. What is done leaves one row.

use api::privacy::ErasureView;
use domain::{AccountId, audit::Act, ids::ErasureId};
use engine_sql::{
    Tx, acts,
    sqlx::{self, Row as _, any::AnyRow},
};
use web::ApiError;

use super::{Store, exports, parse};
use crate::Error;

/// Looked at in one round.
const DUE_MAX: i64 = 100;

macro_rules! select {
    ($which:literal) => {
        concat!(
            "SELECT e.account_id, e.erasure_id, e.state, e.asked_at_us, e.due_at_us,
                 CAST(CASE WHEN EXISTS (SELECT 1 FROM privacy_standing s
                     WHERE s.account_id = e.account_id AND s.held_at_us IS NOT NULL)
                     THEN 1 ELSE 0 END AS BIGINT)
             FROM privacy_erasure e ",
            $which
        )
    };
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Erasure {
    pub account: AccountId,
    pub state: ErasureState,
    pub view: ErasureView,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ErasureState {
    /// It can be taken back.
    Asked,
    /// It goes on, whatever happens, until it is done.
    Running,
    Done,
}

/// An erasure that is asked for.
pub struct NewErasure {
    pub account: AccountId,
    pub id: ErasureId,
    pub now_us: i64,
    pub due_at_us: i64,
    pub act: Act,
}

impl Store {
    /// Asks for an erasure. Where one waits already, that is the answer.
    pub async fn erasure_create(&self, new: &NewErasure) -> Result<Erasure, Error> {
        self.db.with_tx(|tx| create(tx, new)).await
    }

    /// The one that is not done.
    pub async fn erasure_open(&self, account: AccountId) -> Result<Option<Erasure>, Error> {
        let row = sqlx::query(select!("WHERE e.account_id = $1 AND e.state <> 'done'"))
            .bind(account.to_string())
            .fetch_optional(self.db.read())
            .await?;
        row.as_ref().map(erasure).transpose()
    }

    /// Takes back what has not begun; `false` where there is nothing.
    pub async fn erasure_cancel(&self, account: AccountId, act: &Act) -> Result<bool, Error> {
        self.db
            .with_tx(|mut tx| async move {
                let deleted = sqlx::query(
                    "DELETE FROM privacy_erasure WHERE account_id = $1 AND state = 'asked'",
                )
                .bind(account.to_string())
                .execute(&mut *tx)
                .await?;
                if deleted.rows_affected() == 0 {
                    return Ok(false);
                }
                acts::put(&mut tx, act).await?;
                Ok(true)
            })
            .await
    }

    /// Those to be gone on with: begun ones, and those whose time has come and that nothing
    /// holds up.
    pub async fn erasures_due(&self, now_us: i64) -> Result<Vec<Erasure>, Error> {
        let rows = sqlx::query(select!(
            "WHERE e.state = 'running' OR e.state = 'asked' AND e.due_at_us <= $1
                 AND NOT EXISTS (SELECT 1 FROM privacy_standing s
                     WHERE s.account_id = e.account_id AND s.held_at_us IS NOT NULL)
             ORDER BY e.due_at_us LIMIT $2"
        ))
        .bind(now_us)
        .bind(DUE_MAX)
        .fetch_all(self.db.read())
        .await?;
        rows.iter().map(erasure).collect()
    }

    /// Begins, unless it was taken back, the data is held, or an export is under way: that would
    /// write about someone who is gone.
    pub async fn erasure_begin(&self, of: &Erasure, act: &Act) -> Result<bool, Error> {
        self.db
            .with_tx(|mut tx| async move {
                let begun = sqlx::query(
                    "UPDATE privacy_erasure SET state = 'running'
                     WHERE account_id = $1 AND erasure_id = $2 AND state = 'asked'
                         AND NOT EXISTS (SELECT 1 FROM privacy_standing s
                             WHERE s.account_id = $1 AND s.held_at_us IS NOT NULL)
                         AND NOT EXISTS (SELECT 1 FROM privacy_export x
                             WHERE x.account_id = $1 AND x.state = 'running')",
                )
                .bind(of.account.to_string())
                .bind(of.view.id.to_string())
                .execute(&mut *tx)
                .await?;
                if begun.rows_affected() == 0 {
                    return Ok(false);
                }
                acts::put(&mut tx, act).await?;
                Ok(true)
            })
            .await
    }

    /// It is done: so are the cases that were open about the person.
    pub async fn erasure_done(&self, of: &Erasure, act: &Act) -> Result<(), Error> {
        self.db.with_tx(|tx| done(tx, of, act)).await
    }

    /// Who was erased after `since_us`.
    pub async fn erased_since(&self, since_us: i64) -> Result<Vec<AccountId>, Error> {
        let ids: Vec<String> = sqlx::query_scalar(
            "SELECT account_id FROM privacy_erasure WHERE state = 'done' AND done_at_us > $1",
        )
        .bind(since_us)
        .fetch_all(self.db.read())
        .await?;
        ids.iter().map(|id| parse(id, "account id")).collect()
    }

    /// Forgets what is here about a person, but for what stays.
    pub async fn forget(&self, account: AccountId) -> Result<(), Error> {
        self.db
            .with_tx(|mut tx| async move {
                exports::forget(&mut tx, account).await?;
                for sql in [
                    "DELETE FROM privacy_consent WHERE account_id = $1",
                    "DELETE FROM privacy_standing WHERE account_id = $1",
                ] {
                    sqlx::query(sql).bind(account.to_string()).execute(&mut *tx).await?;
                }
                Ok(())
            })
            .await
    }
}

async fn create(mut tx: Tx, new: &NewErasure) -> Result<Erasure, Error> {
    let open = sqlx::query(select!("WHERE e.account_id = $1"))
        .bind(new.account.to_string())
        .fetch_optional(&mut *tx)
        .await?;
    if let Some(row) = open {
        let open = erasure(&row)?;
        if open.state == ErasureState::Done {
            return Err(ApiError::unauthenticated("This account is gone.").into());
        }
        return Ok(open);
    }
    sqlx::query(
        "INSERT INTO privacy_erasure (account_id, erasure_id, state, asked_at_us, due_at_us)
         VALUES ($1, $2, 'asked', $3, $4)",
    )
    .bind(new.account.to_string())
    .bind(new.id.to_string())
    .bind(new.now_us)
    .bind(new.due_at_us)
    .execute(&mut *tx)
    .await?;
    acts::put(&mut tx, &new.act).await?;
    let row = sqlx::query(select!("WHERE e.account_id = $1"))
        .bind(new.account.to_string())
        .fetch_one(&mut *tx)
        .await?;
    erasure(&row)
}

async fn done(mut tx: Tx, of: &Erasure, act: &Act) -> Result<(), Error> {
    let done = sqlx::query(
        "UPDATE privacy_erasure SET state = 'done', done_at_us = $3
         WHERE account_id = $1 AND erasure_id = $2 AND state = 'running'",
    )
    .bind(of.account.to_string())
    .bind(of.view.id.to_string())
    .bind(act.at_us)
    .execute(&mut *tx)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(());
    }
    sqlx::query(
        "UPDATE privacy_case SET state = 'done', closed_at_us = $2
         WHERE account_id = $1 AND state = 'open'",
    )
    .bind(of.account.to_string())
    .bind(act.at_us)
    .execute(&mut *tx)
    .await?;
    Ok(acts::put(&mut tx, act).await?)
}

fn erasure(row: &AnyRow) -> Result<Erasure, Error> {
    let is_held: i64 = row.try_get(5)?;
    let state: &str = row.try_get(2)?;
    Ok(Erasure {
        account: parse(row.try_get(0)?, "account id")?,
        state: match state {
            "asked" => ErasureState::Asked,
            "running" => ErasureState::Running,
            "done" => ErasureState::Done,
            _ => return Err(Error::Stored { what: "state of an erasure" }),
        },
        view: ErasureView {
            id: parse(row.try_get(1)?, "erasure id")?,
            asked_at_us: row.try_get(3)?,
            due_at_us: row.try_get(4)?,
            is_held: is_held != 0,
        },
    })
}
