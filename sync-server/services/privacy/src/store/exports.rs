//! The SQL of exports.

use api::privacy::{ExportState, ExportView};
use domain::{AccountId, audit::Act, ids::ExportId};
use engine_sql::{
    Tx, acts,
    sqlx::{self, AnyConnection, Row as _, any::AnyRow},
};
use web::ApiError;

use super::{Store, check_there, parse, unsigned};
use crate::{Error, calendar::DAY_US};

/// Of one account in a day.
const PER_DAY_MAX: usize = 3;

macro_rules! select {
    ($which:literal) => {
        concat!(
            "SELECT account_id, export_id, asked_at_us, state, n_tries, n_done, n_total,
                 size_bytes, expires_at_us
             FROM privacy_export ",
            $which
        )
    };
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Export {
    pub account: AccountId,
    /// How often it was begun.
    pub n_tries: u32,
    pub view: ExportView,
}

/// An export that is asked for.
pub struct NewExport {
    pub account: AccountId,
    pub id: ExportId,
    /// Kinds of data to collect.
    pub n_total: u32,
    pub now_us: i64,
    pub act: Act,
}

impl Store {
    /// Asks for an export. Where one is under way already, that is the answer.
    pub async fn export_create(&self, new: &NewExport) -> Result<Export, Error> {
        self.db.with_tx(|tx| create(tx, new)).await
    }

    pub async fn export(&self, account: AccountId, id: ExportId) -> Result<Option<Export>, Error> {
        let row = sqlx::query(select!("WHERE account_id = $1 AND export_id = $2"))
            .bind(account.to_string())
            .bind(id.to_string())
            .fetch_optional(self.db.read())
            .await?;
        row.as_ref().map(export).transpose()
    }

    /// Ids are made by time: the greatest is the latest.
    pub async fn export_latest(&self, account: AccountId) -> Result<Option<Export>, Error> {
        let row = sqlx::query(select!(
            "WHERE account_id = $1
             ORDER BY export_id DESC LIMIT 1"
        ))
        .bind(account.to_string())
        .fetch_optional(self.db.read())
        .await?;
        row.as_ref().map(export).transpose()
    }

    /// One whose file may be there.
    pub async fn export_with_file(&self, account: AccountId) -> Result<Option<Export>, Error> {
        let row = sqlx::query(select!(
            "WHERE account_id = $1 AND state <> 'expired' ORDER BY export_id LIMIT 1"
        ))
        .bind(account.to_string())
        .fetch_optional(self.db.read())
        .await?;
        row.as_ref().map(export).transpose()
    }

    /// Those in a state, the oldest first, `limit` at most.
    pub async fn exports_in(&self, state: ExportState, limit: u32) -> Result<Vec<Export>, Error> {
        let rows = sqlx::query(select!("WHERE state = $1 ORDER BY export_id LIMIT $2"))
            .bind(state_name(state))
            .bind(i64::from(limit))
            .fetch_all(self.db.read())
            .await?;
        rows.iter().map(export).collect()
    }

    /// Those whose file is to go by now, `limit` at most.
    pub async fn exports_past(&self, now_us: i64, limit: u32) -> Result<Vec<Export>, Error> {
        let rows = sqlx::query(select!("WHERE state = 'ready' AND expires_at_us <= $1 LIMIT $2"))
            .bind(now_us)
            .bind(i64::from(limit))
            .fetch_all(self.db.read())
            .await?;
        rows.iter().map(export).collect()
    }

    /// Ids of exports whose file is there.
    pub async fn exports_ready(&self) -> Result<Vec<ExportId>, Error> {
        let ids: Vec<String> =
            sqlx::query_scalar("SELECT export_id FROM privacy_export WHERE state = 'ready'")
                .fetch_all(self.db.read())
                .await?;
        ids.iter().map(|id| parse(id, "export id")).collect()
    }

    /// Counts another try.
    pub async fn export_begin(&self, of: &Export) -> Result<(), Error> {
        let sql = "UPDATE privacy_export SET n_tries = n_tries + 1, n_done = 0
                   WHERE account_id = $1 AND export_id = $2";
        self.export_set(of, sql, &[]).await
    }

    pub async fn export_progress(&self, of: &Export, n_done: u32) -> Result<(), Error> {
        let sql = "UPDATE privacy_export SET n_done = $3 WHERE account_id = $1 AND export_id = $2";
        self.export_set(of, sql, &[n_done.into()]).await
    }

    pub async fn export_ready(
        &self,
        of: &Export,
        size_bytes: u64,
        expires_at_us: i64,
    ) -> Result<(), Error> {
        let sql = "UPDATE privacy_export
                   SET state = 'ready', n_done = n_total, size_bytes = $3, expires_at_us = $4
                   WHERE account_id = $1 AND export_id = $2";
        let size_bytes = i64::try_from(size_bytes).unwrap_or(i64::MAX);
        self.export_set(of, sql, &[size_bytes, expires_at_us]).await
    }

    pub async fn export_fail(&self, of: &Export) -> Result<(), Error> {
        let sql = "UPDATE privacy_export SET state = 'failed'
                   WHERE account_id = $1 AND export_id = $2";
        self.export_set(of, sql, &[]).await
    }

    pub async fn export_expire(&self, of: &Export) -> Result<(), Error> {
        let sql = "UPDATE privacy_export SET state = 'expired', size_bytes = NULL
                   WHERE account_id = $1 AND export_id = $2";
        self.export_set(of, sql, &[]).await
    }

    async fn export_set(
        &self,
        of: &Export,
        sql: &'static str,
        numbers: &[i64],
    ) -> Result<(), Error> {
        self.db
            .with_tx(|mut tx| async move {
                let mut query =
                    sqlx::query(sql).bind(of.account.to_string()).bind(of.view.id.to_string());
                for number in numbers {
                    query = query.bind(*number);
                }
                query.execute(&mut *tx).await?;
                Ok(())
            })
            .await
    }
}

/// Forgets that there were any.
pub(super) async fn forget(tx: &mut AnyConnection, account: AccountId) -> Result<(), Error> {
    sqlx::query("DELETE FROM privacy_export WHERE account_id = $1")
        .bind(account.to_string())
        .execute(tx)
        .await?;
    Ok(())
}

async fn create(mut tx: Tx, new: &NewExport) -> Result<Export, Error> {
    check_there(&mut tx, new.account).await?;
    let rows = sqlx::query(select!(
        "WHERE account_id = $1 AND (state = 'running' OR asked_at_us > $2) ORDER BY export_id"
    ))
    .bind(new.account.to_string())
    .bind(new.now_us - DAY_US)
    .fetch_all(&mut *tx)
    .await?;
    let recent = rows.iter().map(export).collect::<Result<Vec<_>, _>>()?;
    if let Some(running) = recent.iter().find(|one| one.view.state == ExportState::Running) {
        return Ok(running.clone());
    }
    if recent.len() >= PER_DAY_MAX {
        let free_at_us = recent[recent.len() - PER_DAY_MAX].view.asked_at_us + DAY_US;
        let wait_s = u64::try_from((free_at_us - new.now_us) / 1_000_000).unwrap_or(0) + 1;
        return Err(ApiError::rate_limited(wait_s).into());
    }
    sqlx::query(
        "INSERT INTO privacy_export
             (account_id, export_id, asked_at_us, state, n_tries, n_done, n_total)
         VALUES ($1, $2, $3, 'running', 0, 0, $4)",
    )
    .bind(new.account.to_string())
    .bind(new.id.to_string())
    .bind(new.now_us)
    .bind(i64::from(new.n_total))
    .execute(&mut *tx)
    .await?;
    acts::put(&mut tx, &new.act).await?;
    Ok(Export {
        account: new.account,
        n_tries: 0,
        view: ExportView {
            id: new.id,
            asked_at_us: new.now_us,
            state: ExportState::Running,
            n_done: 0,
            n_total: new.n_total,
            size_bytes: None,
            expires_at_us: None,
        },
    })
}

fn export(row: &AnyRow) -> Result<Export, Error> {
    let size_bytes: Option<i64> = row.try_get(7)?;
    Ok(Export {
        account: parse(row.try_get(0)?, "account id")?,
        n_tries: unsigned(row.try_get(4)?)?,
        view: ExportView {
            id: parse(row.try_get(1)?, "export id")?,
            asked_at_us: row.try_get(2)?,
            state: parse_state(row.try_get(3)?)?,
            n_done: unsigned(row.try_get(5)?)?,
            n_total: unsigned(row.try_get(6)?)?,
            size_bytes: size_bytes.map(unsigned).transpose()?,
            expires_at_us: row.try_get(8)?,
        },
    })
}

fn state_name(state: ExportState) -> &'static str {
    match state {
        ExportState::Running => "running",
        ExportState::Ready => "ready",
        ExportState::Failed => "failed",
        ExportState::Expired => "expired",
    }
}

fn parse_state(name: &str) -> Result<ExportState, Error> {
    match name {
        "running" => Ok(ExportState::Running),
        "ready" => Ok(ExportState::Ready),
        "failed" => Ok(ExportState::Failed),
        "expired" => Ok(ExportState::Expired),
        _ => Err(Error::Stored { what: "state of an export" }),
    }
}
