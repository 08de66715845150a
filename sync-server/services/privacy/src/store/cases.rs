//! The SQL of cases.

use api::compliance::{CaseKind, CaseState};
use domain::{AccountId, audit::Act, ids::CaseId};
use engine_sql::{
    Tx, acts,
    sqlx::{self, AnyConnection, Row as _, any::AnyRow},
};
use serde::{Deserialize, Serialize};
use web::ApiError;

use super::{Store, check_there, hold, parse};
use crate::Error;

macro_rules! select {
    ($which:literal) => {
        concat!(
            "SELECT account_id, case_id, kind, state, opened_at_us, due_at_us, is_extended,
                 closed_at_us
             FROM privacy_case ",
            $which
        )
    };
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Case {
    pub account: AccountId,
    pub id: CaseId,
    pub kind: CaseKind,
    pub state: CaseState,
    pub opened_at_us: i64,
    pub due_at_us: i64,
    pub is_extended: bool,
    pub closed_at_us: Option<i64>,
}

/// A case to be opened.
pub struct NewCase {
    pub account: AccountId,
    pub id: CaseId,
    pub kind: CaseKind,
    pub now_us: i64,
    pub due_at_us: i64,
    pub act: Act,
}

/// What changes about a case, or the person it is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CaseChange {
    /// Once.
    Extend {
        due_at_us: i64,
    },
    Hold,
    LiftHold,
    Close(CaseState),
}

/// Where a case stands in the list of all.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    is_open: bool,
    /// The deadline of an open one, the end of a closed one.
    at_us: i64,
    id: CaseId,
}

impl Place {
    pub fn of(case: &Case) -> Self {
        let is_open = case.state == CaseState::Open;
        let at_us = case.closed_at_us.filter(|_| !is_open).unwrap_or(case.due_at_us);
        Self { is_open, at_us, id: case.id }
    }

    fn key(&self) -> (i64, String) {
        (self.at_us, self.id.to_string())
    }
}

const OPEN: &str = select!(
    "WHERE state = 'open' AND (due_at_us > $1 OR due_at_us = $1 AND case_id > $2)
     ORDER BY due_at_us, case_id LIMIT $3"
);

const CLOSED: &str = select!(
    "WHERE state <> 'open' AND (closed_at_us < $1 OR closed_at_us = $1 AND case_id > $2)
     ORDER BY closed_at_us DESC, case_id LIMIT $3"
);

impl Store {
    pub async fn case_create(&self, new: &NewCase) -> Result<(), Error> {
        self.db.with_tx(|tx| create(tx, new)).await
    }

    pub async fn case(&self, id: CaseId) -> Result<Option<Case>, Error> {
        let row = sqlx::query(select!("WHERE case_id = $1"))
            .bind(id.to_string())
            .fetch_optional(self.db.read())
            .await?;
        row.as_ref().map(case).transpose()
    }

    /// Cases behind a place, from the first where there is none: open ones by deadline, then the
    /// closed, the latest first; `limit` at most.
    pub async fn cases(&self, after: Option<&Place>, limit: u32) -> Result<Vec<Case>, Error> {
        let mut cases = match after {
            Some(Place { is_open: false, .. }) => Vec::new(),
            place => {
                let start = place.map_or((i64::MIN, String::new()), Place::key);
                self.cases_of(OPEN, start, limit).await?
            }
        };
        let n_left = limit.saturating_sub(u32::try_from(cases.len()).unwrap_or(limit));
        if n_left > 0 {
            let place = after.filter(|place| !place.is_open);
            let start = place.map_or((i64::MAX, String::new()), Place::key);
            cases.extend(self.cases_of(CLOSED, start, n_left).await?);
        }
        Ok(cases)
    }

    async fn cases_of(
        &self,
        sql: &'static str,
        (at_us, id): (i64, String),
        limit: u32,
    ) -> Result<Vec<Case>, Error> {
        let query = sqlx::query(sql).bind(at_us).bind(id).bind(i64::from(limit));
        query.fetch_all(self.db.read()).await?.iter().map(case).collect()
    }

    /// Changes an open case.
    pub async fn case_change(
        &self,
        of: &Case,
        change: CaseChange,
        acts: &[Act],
    ) -> Result<(), Error> {
        self.db.with_tx(|tx| apply(tx, of, change, acts)).await
    }
}

async fn create(mut tx: Tx, new: &NewCase) -> Result<(), Error> {
    check_there(&mut tx, new.account).await?;
    sqlx::query(
        "INSERT INTO privacy_case
             (account_id, case_id, kind, state, opened_at_us, due_at_us, is_extended)
         VALUES ($1, $2, $3, 'open', $4, $5, 0)",
    )
    .bind(new.account.to_string())
    .bind(new.id.to_string())
    .bind(kind_name(new.kind))
    .bind(new.now_us)
    .bind(new.due_at_us)
    .execute(&mut *tx)
    .await?;
    Ok(acts::put(&mut tx, &new.act).await?)
}

async fn apply(mut tx: Tx, of: &Case, change: CaseChange, acts: &[Act]) -> Result<(), Error> {
    let at_us = acts.first().map_or(0, |act| act.at_us);
    let is_changed = match change {
        CaseChange::Extend { due_at_us } => {
            let sql = "UPDATE privacy_case SET due_at_us = $3, is_extended = 1
                       WHERE account_id = $1 AND case_id = $2 AND state = 'open'
                           AND is_extended = 0";
            set(&mut tx, of, sql, due_at_us).await?
        }
        CaseChange::Close(CaseState::Refused) => {
            let sql = "UPDATE privacy_case SET state = 'refused', closed_at_us = $3
                       WHERE account_id = $1 AND case_id = $2 AND state = 'open'";
            set(&mut tx, of, sql, at_us).await?
        }
        CaseChange::Close(_) => {
            let sql = "UPDATE privacy_case SET state = 'done', closed_at_us = $3
                       WHERE account_id = $1 AND case_id = $2 AND state = 'open'";
            set(&mut tx, of, sql, at_us).await?
        }
        CaseChange::Hold => {
            check_not_begun(&mut tx, of.account).await?;
            hold(&mut tx, of.account, Some(at_us)).await?;
            true
        }
        CaseChange::LiftHold => {
            hold(&mut tx, of.account, None).await?;
            true
        }
    };
    if !is_changed {
        return Err(ApiError::conflict(
            "The case was closed or extended already.",
            "Look at it again.",
        )
        .into());
    }
    for act in acts {
        acts::put(&mut tx, act).await?;
    }
    Ok(())
}

async fn set(
    tx: &mut AnyConnection,
    of: &Case,
    sql: &'static str,
    number: i64,
) -> Result<bool, Error> {
    let changed = sqlx::query(sql)
        .bind(of.account.to_string())
        .bind(of.id.to_string())
        .bind(number)
        .execute(tx)
        .await?;
    Ok(changed.rows_affected() > 0)
}

/// What was begun cannot be held up.
async fn check_not_begun(tx: &mut AnyConnection, account: AccountId) -> Result<(), Error> {
    match check_there(tx, account).await {
        Err(Error::Refused(_)) => {
            let hint = "There is nothing left to keep.";
            Err(ApiError::conflict("The erasure has begun.", hint).into())
        }
        answer => answer,
    }
}

fn case(row: &AnyRow) -> Result<Case, Error> {
    let is_extended: i64 = row.try_get(6)?;
    Ok(Case {
        account: parse(row.try_get(0)?, "account id")?,
        id: parse(row.try_get(1)?, "case id")?,
        kind: parse_kind(row.try_get(2)?)?,
        state: parse_state(row.try_get(3)?)?,
        opened_at_us: row.try_get(4)?,
        due_at_us: row.try_get(5)?,
        is_extended: is_extended != 0,
        closed_at_us: row.try_get(7)?,
    })
}

pub fn kind_name(kind: CaseKind) -> &'static str {
    match kind {
        CaseKind::Access => "access",
        CaseKind::Erasure => "erasure",
        CaseKind::Rectification => "rectification",
    }
}

fn parse_kind(name: &str) -> Result<CaseKind, Error> {
    match name {
        "access" => Ok(CaseKind::Access),
        "erasure" => Ok(CaseKind::Erasure),
        "rectification" => Ok(CaseKind::Rectification),
        _ => Err(Error::Stored { what: "kind of a case" }),
    }
}

fn parse_state(name: &str) -> Result<CaseState, Error> {
    match name {
        "open" => Ok(CaseState::Open),
        "done" => Ok(CaseState::Done),
        "refused" => Ok(CaseState::Refused),
        _ => Err(Error::Stored { what: "state of a case" }),
    }
}
