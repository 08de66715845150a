//! The SQL of uploads. How much of a file is there is not in it.

use domain::{
    AccountId, UploadId,
    subject::{Holding, Key, OnErasure},
};
use engine_sql::{
    Db, Step,
    sqlx::{self, AssertSqlSafe},
};

use crate::Error;

const STEPS: &[Step] = &[
    (
        1,
        "upload",
        "CREATE TABLE upload (
            account_id TEXT NOT NULL,
            upload_id TEXT NOT NULL,
            length_bytes BIGINT NOT NULL,
            name TEXT NOT NULL,
            metadata TEXT NOT NULL,
            created_at_us BIGINT NOT NULL,
            expires_at_us BIGINT NOT NULL,
            unproven_from BIGINT,
            completed_at_us BIGINT,
            PRIMARY KEY (account_id, upload_id))",
    ),
    (2, "upload by its end", "CREATE INDEX upload_expiry ON upload (expires_at_us)"),
];

/// What is held about persons here.
pub const HOLDINGS: &[Holding] = &[Holding {
    table: "upload",
    keys: &[Key::Id("account_id")],
    what: "Files you upload: their names, their lengths, and when",
    why: "To go on where the line broke",
    kept: "Until they are used, you delete them, or nothing came for some days",
    secret: &[],
    on_erasure: OnErasure::Delete,
}];

/// Of an account, that are not deleted.
pub const UPLOADS_MAX: i64 = 1_000;

/// Expired ones that are dropped at a time.
const EXPIRED_MAX: i64 = 500;

#[derive(Clone, Debug)]
pub struct Store {
    db: Db,
}

/// An upload as it is stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    pub id: UploadId,
    pub length_bytes: u64,
    pub name: Option<String>,
    pub metadata: String,
    pub created_at_us: i64,
    pub expires_at_us: i64,
    /// From here on, what is in the file was not compared with its checksum yet.
    pub unproven_from: Option<u64>,
    pub completed_at_us: Option<i64>,
}

impl Row {
    /// How far what is in the file can be trusted.
    pub fn proven_bytes(&self) -> u64 {
        self.unproven_from.unwrap_or(u64::MAX).min(self.length_bytes)
    }
}

/// In the order of the columns.
type Columns = (String, i64, Option<String>, String, i64, i64, Option<i64>, Option<i64>);

const COLUMNS: &str = "upload_id, length_bytes, name, metadata, created_at_us, expires_at_us, \
                       unproven_from, completed_at_us";

impl Store {
    pub async fn open(db: Db) -> Result<Self, Error> {
        db.migrate("uploads", STEPS).await?;
        Ok(Self { db })
    }

    /// Makes a row; `false` where the account would have more than `quota_bytes`, or too many.
    pub async fn create(
        &self,
        account: AccountId,
        row: &Row,
        quota_bytes: u64,
    ) -> Result<bool, Error> {
        self.db
            .with_tx(|mut tx| async move {
                let (n_bytes, n_uploads): (i64, i64) = sqlx::query_as(
                    "SELECT CAST(COALESCE(SUM(length_bytes), 0) AS BIGINT), COUNT(*)
                     FROM upload WHERE account_id = $1",
                )
                .bind(account.to_string())
                .fetch_one(&mut *tx)
                .await?;
                let after = n_bytes.saturating_add(signed(row.length_bytes));
                if after > signed(quota_bytes) || n_uploads >= UPLOADS_MAX {
                    return Ok(false);
                }
                sqlx::query(
                    "INSERT INTO upload
                         (account_id, upload_id, length_bytes, name, metadata, created_at_us,
                          expires_at_us)
                     VALUES ($1, $2, $3, $4, $5, $6, $7)",
                )
                .bind(account.to_string())
                .bind(row.id.to_string())
                .bind(signed(row.length_bytes))
                .bind(row.name.clone().unwrap_or_default())
                .bind(row.metadata.clone())
                .bind(row.created_at_us)
                .bind(row.expires_at_us)
                .execute(&mut *tx)
                .await?;
                Ok(true)
            })
            .await
    }

    pub async fn upload(&self, account: AccountId, id: UploadId) -> Result<Option<Row>, Error> {
        let sql = format!("SELECT {COLUMNS} FROM upload WHERE account_id = $1 AND upload_id = $2");
        let found: Option<Columns> = sqlx::query_as(AssertSqlSafe(sql))
            .bind(account.to_string())
            .bind(id.to_string())
            .fetch_optional(self.db.read())
            .await?;
        found.map(parse).transpose()
    }

    /// All of an account, the newest first.
    pub async fn uploads(&self, account: AccountId) -> Result<Vec<Row>, Error> {
        let sql = format!(
            "SELECT {COLUMNS} FROM upload WHERE account_id = $1
             ORDER BY upload_id DESC LIMIT {UPLOADS_MAX}"
        );
        let found: Vec<Columns> = sqlx::query_as(AssertSqlSafe(sql))
            .bind(account.to_string())
            .fetch_all(self.db.read())
            .await?;
        found.into_iter().map(parse).collect()
    }

    /// Whether it is anybody's. Asked at the start alone: no index leads there.
    pub async fn is_known(&self, id: UploadId) -> Result<bool, Error> {
        let found: Option<(i64,)> =
            sqlx::query_as("SELECT created_at_us FROM upload WHERE upload_id = $1 LIMIT 1")
                .bind(id.to_string())
                .fetch_optional(self.db.read())
                .await?;
        Ok(found.is_some())
    }

    /// Before a piece with a checksum is written.
    pub async fn begin_unproven(
        &self,
        account: AccountId,
        id: UploadId,
        from: u64,
    ) -> Result<(), Error> {
        self.update(
            account,
            id,
            "UPDATE upload SET unproven_from = $3 WHERE account_id = $1 AND upload_id = $2",
            signed(from),
        )
        .await
    }

    /// After it was compared, or forgotten.
    pub async fn end_unproven(&self, account: AccountId, id: UploadId) -> Result<(), Error> {
        self.db
            .with_tx(|mut tx| async move {
                sqlx::query(
                    "UPDATE upload SET unproven_from = NULL
                     WHERE account_id = $1 AND upload_id = $2",
                )
                .bind(account.to_string())
                .bind(id.to_string())
                .execute(&mut *tx)
                .await?;
                Ok(())
            })
            .await
    }

    /// Another piece came.
    pub async fn postpone(
        &self,
        account: AccountId,
        id: UploadId,
        expires_at_us: i64,
    ) -> Result<(), Error> {
        self.update(
            account,
            id,
            "UPDATE upload SET expires_at_us = $3 WHERE account_id = $1 AND upload_id = $2",
            expires_at_us,
        )
        .await
    }

    /// The last piece came.
    pub async fn complete(
        &self,
        account: AccountId,
        id: UploadId,
        now_us: i64,
    ) -> Result<(), Error> {
        self.update(
            account,
            id,
            "UPDATE upload SET completed_at_us = $3
             WHERE account_id = $1 AND upload_id = $2 AND completed_at_us IS NULL",
            now_us,
        )
        .await
    }

    pub async fn delete(&self, account: AccountId, id: UploadId) -> Result<(), Error> {
        self.db
            .with_tx(|mut tx| async move {
                sqlx::query("DELETE FROM upload WHERE account_id = $1 AND upload_id = $2")
                    .bind(account.to_string())
                    .bind(id.to_string())
                    .execute(&mut *tx)
                    .await?;
                Ok(())
            })
            .await
    }

    /// Whose time is over.
    pub async fn expired(&self, now_us: i64) -> Result<Vec<(AccountId, UploadId)>, Error> {
        let rows: Vec<(String, String)> = sqlx::query_as(
            "SELECT account_id, upload_id FROM upload WHERE expires_at_us <= $1
             ORDER BY expires_at_us LIMIT $2",
        )
        .bind(now_us)
        .bind(EXPIRED_MAX)
        .fetch_all(self.db.read())
        .await?;
        let mut ids = Vec::with_capacity(rows.len());
        for (account, id) in rows {
            let account = account.parse::<AccountId>();
            let account = account.map_err(|_| Error::Stored { what: "account id" })?;
            ids.push((account, upload_id(&id)?));
        }
        Ok(ids)
    }

    async fn update(
        &self,
        account: AccountId,
        id: UploadId,
        sql: &'static str,
        value: i64,
    ) -> Result<(), Error> {
        self.db
            .with_tx(|mut tx| async move {
                sqlx::query(sql)
                    .bind(account.to_string())
                    .bind(id.to_string())
                    .bind(value)
                    .execute(&mut *tx)
                    .await?;
                Ok(())
            })
            .await
    }
}

fn parse(columns: Columns) -> Result<Row, Error> {
    let (id, length, name, metadata, created_at_us, expires_at_us, unproven_from, completed_at_us) =
        columns;
    let size = |n: i64| u64::try_from(n).map_err(|_| Error::Stored { what: "length" });
    Ok(Row {
        id: upload_id(&id)?,
        length_bytes: size(length)?,
        name: name.filter(|name| !name.is_empty()),
        metadata,
        created_at_us,
        expires_at_us,
        unproven_from: unproven_from.map(size).transpose()?,
        completed_at_us,
    })
}

fn upload_id(text: &str) -> Result<UploadId, Error> {
    text.parse::<UploadId>().map_err(|_| Error::Stored { what: "upload id" })
}

fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
