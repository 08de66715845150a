//! What tables hold about persons, read and deleted by what services say of them
//! ([`domain::subject::Holding`]): for exports and erasures, which know no table of a service.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::{
    AccountId,
    subject::{Holding, Key, OnErasure},
};
use serde_json::{Map, Number, Value};
use sqlx::{
    AnyConnection, Row as _, TypeInfo as _, ValueRef as _,
    any::{AnyRow, AnyTypeInfoKind},
};

use crate::{
    Db, Error, Kind, acts,
    bulk::{self, Values},
    outbox,
};

/// A row by its columns: numbers, text, null, and bytes in Base64.
pub type Row = Map<String, Value>;

/// Some rows of many.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Page {
    /// Rows left out before it.
    pub offset: u64,
    pub limit: u32,
}

/// Rows about an account in the order of the primary key, whose columns come first in every table
/// of ours, without the columns that are secret.
pub async fn rows(
    db: &Db,
    holding: &Holding,
    account: AccountId,
    page: Page,
) -> Result<Vec<Row>, Error> {
    let all = columns(db, holding.table).await?;
    let shown: Vec<&String> =
        all.iter().filter(|column| !holding.secret.contains(&column.as_str())).collect();
    let order: Vec<String> = all.iter().take(3).map(|column| quoted(column)).collect();
    let mut values = Values::default();
    let filter = filter(holding, account, &mut values);
    values.add(i64::from(page.limit)).add(i64::try_from(page.offset).unwrap_or(i64::MAX));
    let sql = format!(
        "SELECT {} FROM {} WHERE {filter} ORDER BY {} LIMIT ${} OFFSET ${}",
        shown.iter().map(|column| quoted(column)).collect::<Vec<_>>().join(", "),
        quoted(holding.table),
        order.join(", "),
        values.n_added() - 1,
        values.n_added(),
    );
    let found = bulk::fetch(db.read(), sql, values).await?;
    found.iter().map(|row| typed(row, &shown)).collect()
}

/// How many rows there are about an account.
pub async fn n_rows(db: &Db, holding: &Holding, account: AccountId) -> Result<u64, Error> {
    let mut values = Values::default();
    let filter = filter(holding, account, &mut values);
    let sql = format!("SELECT COUNT(*) FROM {} WHERE {filter}", quoted(holding.table));
    let found = bulk::fetch(db.read(), sql, values).await?;
    let n: i64 = found.first().map_or(Ok(0), |row| row.try_get(0))?;
    Ok(u64::try_from(n).unwrap_or(0))
}

/// Deletes the rows about an account, where they are not to stay. Answers how many that were.
pub async fn delete(
    tx: &mut AnyConnection,
    holding: &Holding,
    account: AccountId,
) -> Result<u64, Error> {
    if holding.on_erasure != OnErasure::Delete {
        return Ok(0);
    }
    let mut values = Values::default();
    let filter = filter(holding, account, &mut values);
    let sql = format!("DELETE FROM {} WHERE {filter}", quoted(holding.table));
    Ok(bulk::execute(tx, sql, values).await?)
}

/// What waits in the outbox about an account, but acts: those go into the audit log.
pub async fn waiting(db: &Db, account: AccountId) -> Result<Vec<Row>, Error> {
    let sql = "SELECT topic, message_id, at_us, body FROM outbox
               WHERE topic <> $1 AND body LIKE $2 ORDER BY topic, message_id LIMIT $3";
    let found = sqlx::query(sql)
        .bind(domain::audit::TOPIC)
        .bind(mentioned(account))
        .bind(i64::from(outbox::PENDING_MAX))
        .fetch_all(db.read())
        .await?;
    let shown = ["topic", "message_id", "at_us", "body"].map(str::to_owned);
    found.iter().map(|row| typed(row, &shown.iter().collect::<Vec<_>>())).collect()
}

/// Deletes what [`waiting`] finds.
pub async fn waiting_delete(tx: &mut AnyConnection, account: AccountId) -> Result<(), Error> {
    sqlx::query("DELETE FROM outbox WHERE topic <> $1 AND body LIKE $2")
        .bind(domain::audit::TOPIC)
        .bind(mentioned(account))
        .execute(tx)
        .await?;
    Ok(())
}

/// Every table with each of its columns, so that a test can tell which ones nobody speaks for.
pub async fn tables(db: &Db) -> Result<Vec<(String, String)>, Error> {
    let sql = match db.kind() {
        Kind::Sqlite => {
            "SELECT CAST(t.name AS TEXT), CAST(c.name AS TEXT)
             FROM sqlite_master t JOIN pragma_table_info(t.name) c
             WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
             ORDER BY t.name, c.cid"
        }
        Kind::Postgres => {
            "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT)
             FROM information_schema.columns WHERE table_schema = current_schema()
             ORDER BY table_name, ordinal_position"
        }
    };
    Ok(sqlx::query_as(sql).fetch_all(db.read()).await?)
}

async fn columns(db: &Db, table: &str) -> Result<Vec<String>, Error> {
    let sql = match db.kind() {
        Kind::Sqlite => "SELECT CAST(name AS TEXT) FROM pragma_table_info($1) ORDER BY cid",
        Kind::Postgres => {
            "SELECT CAST(column_name AS TEXT) FROM information_schema.columns
             WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position"
        }
    };
    Ok(sqlx::query_scalar(sql).bind(table.to_owned()).fetch_all(db.read()).await?)
}

/// Any of the keys names the account.
fn filter(holding: &Holding, account: AccountId, values: &mut Values) -> String {
    let mut any = Vec::with_capacity(holding.keys.len());
    for key in holding.keys {
        let value = match key {
            Key::Id(_) => account.to_string(),
            Key::Token(_) => acts::account(account).to_string(),
        };
        values.add(value);
        any.push(format!("{} = ${}", quoted(key.column()), values.n_added()));
    }
    // Without a key, no row is about anybody.
    if any.is_empty() { "1 = 0".to_owned() } else { format!("({})", any.join(" OR ")) }
}

/// Names come from our code; quoted, they may be words of SQL.
fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

/// An id has neither `%` nor `_` in it.
fn mentioned(account: AccountId) -> String {
    format!("%{account}%")
}

fn typed(row: &AnyRow, shown: &[&String]) -> Result<Row, Error> {
    let columns = shown.iter().enumerate();
    columns.map(|(at, name)| Ok(((*name).clone(), value(row, at)?))).collect()
}

fn value(row: &AnyRow, at: usize) -> Result<Value, Error> {
    let raw = row.try_get_raw(at)?;
    if raw.is_null() || raw.type_info().is_null() {
        return Ok(Value::Null);
    }
    Ok(match raw.type_info().kind() {
        AnyTypeInfoKind::Null => Value::Null,
        AnyTypeInfoKind::Bool => Value::Bool(row.try_get(at)?),
        AnyTypeInfoKind::SmallInt | AnyTypeInfoKind::Integer | AnyTypeInfoKind::BigInt => {
            Value::from(row.try_get::<i64, _>(at)?)
        }
        AnyTypeInfoKind::Real => double(f64::from(row.try_get::<f32, _>(at)?)),
        AnyTypeInfoKind::Double => double(row.try_get(at)?),
        AnyTypeInfoKind::Text => Value::String(row.try_get(at)?),
        AnyTypeInfoKind::Blob => Value::String(STANDARD.encode(row.try_get::<Vec<u8>, _>(at)?)),
    })
}

/// JSON has no word for what is no number.
fn double(value: f64) -> Value {
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}
