//! The end of what records say: leaf and place stay, so that every proof stays good.

use std::collections::HashSet;

use domain::audit::RetentionClass;
use engine_sql::{
    bulk::{self, PARAMETERS_MAX, Values},
    sqlx::{self, Row as _},
};

use super::{Store, class_name};
use crate::Error;

/// Records looked at, and dropped, together.
const BATCH_RECORDS: i64 = 500;

/// Some records whose time is over.
struct Batch {
    /// Those that are about nobody who is held.
    seqs: Vec<i64>,
    n_held: u64,
    /// The last one that was looked at; `None` at the end.
    last: Option<Place>,
}

/// Records are looked at by age. Time and sequence number.
type Place = (i64, i64);

/// Before all records.
const START: Place = (i64::MIN, -1);

impl Store {
    /// How many records of a class are older than `before_us`, have their content, and are
    /// neither by nor upon anyone of `held`.
    pub async fn contents_due(
        &self,
        class: RetentionClass,
        before_us: i64,
        held: &HashSet<String>,
    ) -> Result<u64, Error> {
        let n: i64 = sqlx::query_scalar(
            "SELECT COUNT(*) FROM audit_record
             WHERE class = $1 AND at_us < $2 AND body IS NOT NULL",
        )
        .bind(class_name(class))
        .bind(before_us)
        .fetch_one(self.db.read())
        .await?;
        let mut n_due = super::unsigned(n, "number of records")?;
        let mut after = (!held.is_empty()).then_some(START);
        while let Some(from) = after {
            let batch = self.contents_after(class, before_us, from, held).await?;
            n_due = n_due.saturating_sub(batch.n_held);
            after = batch.last;
        }
        Ok(n_due)
    }

    /// Drops what [`Store::contents_due`] counts, in batches; cut off anywhere, the next run goes
    /// on. Answers how many records that were.
    pub async fn contents_drop(
        &self,
        class: RetentionClass,
        before_us: i64,
        held: &HashSet<String>,
    ) -> Result<u64, Error> {
        let (mut n_dropped, mut after) = (0, Some(START));
        while let Some(from) = after {
            let batch = self.contents_after(class, before_us, from, held).await?;
            let seqs = &batch.seqs;
            self.db
                .with_tx(|mut tx| async move {
                    for chunk in seqs.chunks(PARAMETERS_MAX) {
                        let mut values = Values::default();
                        for seq in chunk {
                            values.add(*seq);
                        }
                        let list = bulk::list(1, chunk.len());
                        let sql = format!(
                            "UPDATE audit_record
                             SET body = NULL, actor = NULL, verb = NULL, object = NULL
                             WHERE seq IN ({list})"
                        );
                        bulk::execute(&mut tx, sql, values).await?;
                    }
                    Ok::<_, Error>(())
                })
                .await?;
            n_dropped += seqs.len() as u64;
            after = batch.last;
        }
        Ok(n_dropped)
    }

    async fn contents_after(
        &self,
        class: RetentionClass,
        before_us: i64,
        (after_us, after_seq): Place,
        held: &HashSet<String>,
    ) -> Result<Batch, Error> {
        let rows = sqlx::query(
            "SELECT seq, actor, object, at_us FROM audit_record
             WHERE class = $1 AND at_us < $2 AND body IS NOT NULL
                 AND (at_us > $3 OR at_us = $3 AND seq > $4)
             ORDER BY at_us, seq LIMIT $5",
        )
        .bind(class_name(class))
        .bind(before_us)
        .bind(after_us)
        .bind(after_seq)
        .bind(BATCH_RECORDS)
        .fetch_all(self.db.read())
        .await?;
        let mut batch = Batch { seqs: Vec::new(), n_held: 0, last: None };
        for row in rows {
            let (seq, actor, object): (i64, Option<String>, Option<String>) =
                (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            batch.last = Some((row.try_get(3)?, seq));
            if [actor, object].into_iter().flatten().any(|token| held.contains(&token)) {
                batch.n_held += 1;
            } else {
                batch.seqs.push(seq);
            }
        }
        Ok(batch)
    }
}
