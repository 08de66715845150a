//! Reading the log.

use std::{collections::HashMap, ops::Range};

use engine_sql::{
    bulk::{self, PARAMETERS_MAX, Values},
    sqlx::{self, AnyConnection, Row as _, any::AnyRow},
};

use super::{Store, signed, unsigned};
use crate::{
    Error, Filter, Record,
    merkle::{Hash, NodeId, plan::Plan},
    record::Content,
};

/// Part of the log, as a file shows it.
pub struct Span {
    pub records: Vec<Record>,
    /// Size and note of the checkpoints that end in it.
    pub checkpoints: Vec<(u64, String)>,
}

impl Store {
    /// Number of records.
    pub async fn size(&self) -> Result<u64, Error> {
        let size: i64 = sqlx::query_scalar("SELECT size FROM audit_head WHERE log = 'audit'")
            .fetch_one(self.db.read())
            .await?;
        unsigned(size, "size")
    }

    /// Records below `before`, newest first.
    pub async fn list(
        &self,
        filter: &Filter,
        before: u64,
        limit: u32,
    ) -> Result<Vec<Record>, Error> {
        let wanted = [
            ("actor", filter.actor.as_ref().map(ToString::to_string)),
            ("object", filter.object.as_ref().map(ToString::to_string)),
            ("verb", filter.verb.as_ref().map(ToString::to_string)),
        ];
        let mut sql = "SELECT seq, leaf, body FROM audit_record WHERE seq < $1".to_owned();
        let mut values = Values::default();
        values.add(signed(before));
        for (column, value) in wanted {
            if let Some(value) = value {
                values.add(value);
                sql = format!("{sql} AND {column} = ${}", values.n_added());
            }
        }
        values.add(i64::from(limit));
        sql = format!("{sql} ORDER BY seq DESC LIMIT ${}", values.n_added());
        bulk::fetch(self.db.read(), sql, values).await?.iter().map(record).collect()
    }

    /// Records of a range, and the checkpoints whose last record is in it. The first range has
    /// the checkpoint of size 0 as well.
    pub async fn span(&self, seqs: Range<u64>) -> Result<Span, Error> {
        let records = sqlx::query(
            "SELECT seq, leaf, body FROM audit_record WHERE seq >= $1 AND seq < $2 ORDER BY seq",
        )
        .bind(signed(seqs.start))
        .bind(signed(seqs.end))
        .fetch_all(self.db.read())
        .await?;
        let checkpoints = sqlx::query(
            "SELECT size, note FROM audit_checkpoint
             WHERE (size > $1 OR size = 0 AND $1 = 0) AND size <= $2 ORDER BY size",
        )
        .bind(signed(seqs.start))
        .bind(signed(seqs.end))
        .fetch_all(self.db.read())
        .await?;
        Ok(Span {
            records: records.iter().map(record).collect::<Result<_, _>>()?,
            checkpoints: checkpoints.iter().map(checkpoint).collect::<Result<_, _>>()?,
        })
    }

    /// Size and note of the latest checkpoint.
    pub async fn checkpoint_latest(&self) -> Result<(u64, String), Error> {
        let row = sqlx::query("SELECT size, note FROM audit_checkpoint ORDER BY size DESC LIMIT 1")
            .fetch_one(self.db.read())
            .await?;
        checkpoint(&row)
    }

    /// The note of the checkpoint of that size, where one was made.
    pub async fn checkpoint(&self, size: u64) -> Result<Option<String>, Error> {
        Ok(sqlx::query_scalar("SELECT note FROM audit_checkpoint WHERE size = $1")
            .bind(signed(size))
            .fetch_optional(self.db.read())
            .await?)
    }

    /// The leaf of a record.
    pub async fn leaf(&self, seq: u64) -> Result<Option<Hash>, Error> {
        let row = sqlx::query("SELECT leaf FROM audit_record WHERE seq = $1")
            .bind(signed(seq))
            .fetch_optional(self.db.read())
            .await?;
        row.map(|row| hash(&row, 0)).transpose()
    }

    /// The hashes of several plans, all from one look at the tree.
    pub async fn prove<const N: usize>(&self, plans: [Plan; N]) -> Result<[Vec<Hash>; N], Error> {
        let nodes: Vec<NodeId> = plans.iter().flat_map(Plan::nodes).collect();
        let mut reader = self.db.read().acquire().await?;
        let known = hashes(&mut reader, &nodes).await?;
        let proofs: Option<Vec<_>> =
            plans.iter().map(|plan| plan.hashes(|node| known.get(&node).copied())).collect();
        let proofs = proofs.and_then(|proofs| proofs.try_into().ok());
        proofs.ok_or(Error::Stored { what: "tree" })
    }
}

/// The stored hashes of nodes; what is not stored is left out.
pub async fn hashes(
    reader: &mut AnyConnection,
    nodes: &[NodeId],
) -> Result<HashMap<NodeId, Hash>, Error> {
    let (leaves, inner): (Vec<NodeId>, Vec<NodeId>) =
        nodes.iter().partition(|node| node.level == 0);
    let mut found = HashMap::new();
    for chunk in leaves.chunks(PARAMETERS_MAX) {
        let mut values = Values::default();
        for node in chunk {
            values.add(signed(node.idx));
        }
        let list = bulk::list(1, chunk.len());
        let sql = format!("SELECT seq, leaf FROM audit_record WHERE seq IN ({list})");
        for row in bulk::fetch(&mut *reader, sql, values).await? {
            let idx = unsigned(row.try_get(0)?, "sequence number")?;
            found.insert(NodeId { level: 0, idx }, hash(&row, 1)?);
        }
    }
    for chunk in inner.chunks(PARAMETERS_MAX / 2) {
        let mut values = Values::default();
        let mut wanted = Vec::with_capacity(chunk.len());
        for node in chunk {
            values.add(i64::from(node.level)).add(signed(node.idx));
            wanted.push(format!(
                "(level = ${} AND idx = ${})",
                values.n_added() - 1,
                values.n_added()
            ));
        }
        let sql = format!("SELECT level, idx, hash FROM audit_node WHERE {}", wanted.join(" OR "));
        for row in bulk::fetch(&mut *reader, sql, values).await? {
            found.insert(node(&row)?, hash(&row, 2)?);
        }
    }
    Ok(found)
}

fn node(row: &AnyRow) -> Result<NodeId, Error> {
    let level: i64 = row.try_get(0)?;
    let level = u32::try_from(level).map_err(|_| Error::Stored { what: "tree" })?;
    Ok(NodeId { level, idx: unsigned(row.try_get(1)?, "tree")? })
}

fn hash(row: &AnyRow, column: usize) -> Result<Hash, Error> {
    let bytes: Vec<u8> = row.try_get(column)?;
    bytes.try_into().map(Hash).map_err(|_| Error::Stored { what: "hash" })
}

fn record(row: &AnyRow) -> Result<Record, Error> {
    let body: Option<String> = row.try_get(2)?;
    let content = body.map(|body| serde_json::from_str::<Content>(&body)).transpose();
    let content = content.map_err(|_| Error::Stored { what: "record" })?;
    Ok(Record {
        seq: unsigned(row.try_get(0)?, "sequence number")?,
        leaf: hash(row, 1)?,
        act: content.map(Content::into_act),
    })
}

fn checkpoint(row: &AnyRow) -> Result<(u64, String), Error> {
    Ok((unsigned(row.try_get(0)?, "size")?, row.try_get(1)?))
}
