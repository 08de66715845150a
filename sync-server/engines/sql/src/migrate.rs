//! Migrations: numbered steps of one DDL statement each, per service.
//!
//! Each applied step has a row in `schema_step`. The row is inserted first and the statement
//! runs in the same transaction: of two processes that start at once, the second waits at the
//! row, finds it taken, and goes on with the next step.

use std::time::{SystemTime, UNIX_EPOCH};

use sqlx::{AssertSqlSafe, Executor as _};

use crate::{Db, Error, retry};

/// Number (from 1, without gaps), name, and one DDL statement. A published step never changes.
pub type Step = (i64, &'static str, &'static str);

const TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_step (
    namespace TEXT NOT NULL,
    version BIGINT NOT NULL,
    name TEXT NOT NULL,
    statement TEXT NOT NULL,
    applied_at_us BIGINT NOT NULL,
    PRIMARY KEY (namespace, version))";

impl Db {
    /// Brings the tables of one service, named by `namespace`, up to the last of `steps`.
    ///
    /// Refuses tables made by a newer program, and steps that changed after they were applied.
    pub async fn migrate(&self, namespace: &str, steps: &[Step]) -> Result<(), Error> {
        check_numbering(namespace, steps)?;
        self.create_step_table().await?;
        let applied = self.applied_steps(namespace).await?;
        check_applied(namespace, steps, &applied)?;
        for &step in &steps[applied.len().min(steps.len())..] {
            self.apply(namespace, step).await?;
        }
        Ok(())
    }

    /// `IF NOT EXISTS` is no protection on PostgreSQL when two create the same table at once:
    /// one of them fails on a system index, and succeeds when it asks again.
    async fn create_step_table(&self) -> Result<(), Error> {
        for attempt in 1.. {
            let mut writer = self.writer().await.map_err(Error::Steps)?;
            match writer.execute(TABLE).await {
                Ok(_) => return Ok(()),
                Err(error) if attempt >= retry::TRIES_MAX => return Err(Error::Steps(error)),
                Err(_) => tokio::time::sleep(retry::pause(attempt)).await,
            }
        }
        unreachable!("the loop above is endless")
    }

    async fn applied_steps(&self, namespace: &str) -> Result<Vec<(i64, String)>, Error> {
        sqlx::query_as(
            "SELECT version, statement FROM schema_step WHERE namespace = $1 ORDER BY version",
        )
        .bind(namespace.to_owned())
        .fetch_all(self.read())
        .await
        .map_err(Error::Steps)
    }

    async fn apply(&self, namespace: &str, step: Step) -> Result<(), Error> {
        let (version, name, statement) = step;
        self.with_tx(|mut tx| async move {
            let inserted = sqlx::query(
                "INSERT INTO schema_step (namespace, version, name, statement, applied_at_us)
                 VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (namespace, version) DO NOTHING",
            )
            .bind(namespace.to_owned())
            .bind(version)
            .bind(name)
            .bind(normal(statement))
            .bind(now_us())
            .execute(&mut *tx)
            .await
            .map_err(Error::Steps)?;
            if inserted.rows_affected() == 0 {
                return Ok(());
            }
            tx.execute(AssertSqlSafe(statement)).await.map_err(|source| Error::Step {
                namespace: namespace.to_owned(),
                version,
                name,
                source,
            })?;
            tracing::info!(namespace, version, name, "migrated");
            Ok(())
        })
        .await
    }
}

fn check_numbering(namespace: &str, steps: &[Step]) -> Result<(), Error> {
    let is_numbered = (1..).zip(steps).all(|(expected, step)| step.0 == expected);
    is_numbered.then_some(()).ok_or_else(|| Error::Numbering { namespace: namespace.to_owned() })
}

fn check_applied(namespace: &str, steps: &[Step], applied: &[(i64, String)]) -> Result<(), Error> {
    if let Some(&(found, _)) = applied.get(steps.len()) {
        let found = applied.last().map_or(found, |last| last.0);
        let known = steps.last().map_or(0, |last| last.0);
        return Err(Error::Newer { namespace: namespace.to_owned(), found, known });
    }
    for (&(version, name, statement), (_, old)) in steps.iter().zip(applied) {
        if normal(statement) != *old {
            return Err(Error::Changed { namespace: namespace.to_owned(), version, name });
        }
    }
    Ok(())
}

/// Layout may change, words may not.
fn normal(statement: &str) -> String {
    statement.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn now_us() -> i64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_1970.as_micros()).unwrap_or(i64::MAX)
}
