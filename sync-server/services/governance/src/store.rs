//! The SQL of the log: appending here, reading in [`read`].

mod keys;
mod read;
mod retain;

use std::collections::{HashMap, HashSet};

use domain::{
    ActId,
    audit::{Act, RetentionClass},
};
use engine_sql::{
    Db, Tx, bulk,
    sqlx::{self, AnyConnection, Row as _},
};

use signed_note::{Checkpoint, SigningKey};

use crate::{
    Error, KeyFile,
    merkle::{Frontier, Hash, NodeId},
    record::Content,
    schema,
};

pub use read::Span;

#[derive(Clone, Debug)]
pub struct Store {
    db: Db,
}

/// What one batch adds to the tree.
struct Growth {
    frontier: Frontier,
    records: Vec<(Act, Content, Hash)>,
    nodes: Vec<(NodeId, Hash)>,
}

impl Store {
    /// Makes the tables, and in an empty log the checkpoint of size 0.
    pub async fn open(db: Db, keys: &KeyFile) -> Result<Self, Error> {
        db.migrate("audit", schema::STEPS).await?;
        engine_sql::outbox::migrate(&db).await?;
        let key = &keys.first();
        db.with_tx(|mut tx| async move {
            let made = sqlx::query(
                "INSERT INTO audit_head (log, size) VALUES ('audit', 0)
                 ON CONFLICT (log) DO NOTHING",
            )
            .execute(&mut *tx)
            .await?;
            if made.rows_affected() == 1 {
                let begin = |checkpoint: &Checkpoint| checkpoint.sign(key);
                put_checkpoint(&mut tx, &Frontier::default(), key.name(), begin).await?;
                keys::put(&mut tx, 0, &key.verifying()).await?;
            }
            Ok::<_, Error>(())
        })
        .await?;
        Ok(Self { db })
    }

    pub fn db(&self) -> &Db {
        &self.db
    }

    /// Records what is not recorded yet, under one new checkpoint. Answers with the sequence
    /// number of each act.
    pub async fn append(&self, acts: &[Act], keys: &KeyFile) -> Result<Vec<u64>, Error> {
        self.db.with_tx(|tx| append(tx, acts, keys)).await
    }
}

/// The key is looked up each time: another process may have had it hand over since.
async fn append(mut tx: Tx, acts: &[Act], keys: &KeyFile) -> Result<Vec<u64>, Error> {
    let size = lock_head(&mut tx).await?;
    let key = keys.get(&keys::current(&mut tx).await?)?;
    let sign = |checkpoint: &Checkpoint| checkpoint.sign(&key);
    grow_by(&mut tx, size, acts, &key, sign).await
}

/// Adds the acts to the log of that size, under a checkpoint that is written by `sign`.
async fn grow_by(
    tx: &mut AnyConnection,
    size: u64,
    acts: &[Act],
    key: &SigningKey,
    sign: impl FnOnce(&Checkpoint) -> String,
) -> Result<Vec<u64>, Error> {
    let mut seqs = recorded(tx, acts).await?;
    let frontier = frontier(tx, size).await?;
    let grown = grow(frontier, acts, &mut seqs);
    if !grown.records.is_empty() {
        put_records(tx, &grown.records).await?;
        put_nodes(tx, &grown.nodes).await?;
        put_checkpoint(tx, &grown.frontier, key.name(), sign).await?;
        set_head(tx, grown.frontier.size()).await?;
    }
    let seq = |act: &Act| seqs.get(&act.id).copied().ok_or(Error::Stored { what: "act" });
    acts.iter().map(seq).collect()
}

/// Adds those acts that have no sequence number yet, and gives them one.
fn grow(mut frontier: Frontier, acts: &[Act], seqs: &mut HashMap<ActId, u64>) -> Growth {
    let (mut records, mut nodes) = (Vec::new(), Vec::new());
    for act in acts {
        if seqs.contains_key(&act.id) {
            continue;
        }
        let content = Content::new(frontier.size(), act.clone());
        let leaf = content.leaf();
        seqs.insert(act.id, content.seq);
        frontier.push(leaf, |node, hash| nodes.push((node, hash)));
        records.push((act.clone(), content, leaf));
    }
    Growth { frontier, records, nodes }
}

/// The size of the log, which nobody else changes until the transaction ends. It is written,
/// not only read, so that of two who append at once the second waits right here.
async fn lock_head(tx: &mut AnyConnection) -> Result<u64, Error> {
    let size: i64 =
        sqlx::query_scalar("UPDATE audit_head SET size = size WHERE log = 'audit' RETURNING size")
            .fetch_one(tx)
            .await?;
    unsigned(size, "size")
}

async fn set_head(tx: &mut AnyConnection, size: u64) -> Result<(), Error> {
    sqlx::query("UPDATE audit_head SET size = $1 WHERE log = 'audit'")
        .bind(signed(size))
        .execute(tx)
        .await?;
    Ok(())
}

/// The sequence numbers of those acts that are in the log already.
async fn recorded(tx: &mut AnyConnection, acts: &[Act]) -> Result<HashMap<ActId, u64>, Error> {
    let ids: HashSet<ActId> = acts.iter().map(|act| act.id).collect();
    let sql = "SELECT act_id, seq FROM audit_record WHERE act_id IN ({list})";
    let rows = bulk::fetch_by(tx, sql, ids).await?;
    let mut seqs = HashMap::new();
    for row in rows {
        let id: String = row.try_get(0)?;
        let id = id.parse().map_err(|_| Error::Stored { what: "act id" })?;
        seqs.insert(id, unsigned(row.try_get(1)?, "sequence number")?);
    }
    Ok(seqs)
}

async fn frontier(tx: &mut AnyConnection, size: u64) -> Result<Frontier, Error> {
    let nodes = Frontier::nodes(size);
    let hashes = read::hashes(tx, &nodes).await?;
    let peaks = nodes.iter().filter_map(|node| hashes.get(node).copied()).collect();
    Frontier::new(size, peaks).ok_or(Error::Stored { what: "tree" })
}

async fn put_records(
    tx: &mut AnyConnection,
    records: &[(Act, Content, Hash)],
) -> Result<(), Error> {
    let head = "INSERT INTO audit_record
                (seq, act_id, leaf, class, at_us, body, actor, verb, object)";
    bulk::insert(tx, head, "", records, 9, |values, (act, content, leaf)| {
        values
            .add(signed(content.seq))
            .add(act.id.to_string())
            .add(leaf.0.to_vec())
            .add(class_name(act.class).to_owned())
            .add(act.at_us)
            .add(content.text())
            .add(act.actor.as_ref().map(ToString::to_string))
            .add(act.verb.to_string())
            .add(act.object.to_string());
    })
    .await?;
    Ok(())
}

async fn put_nodes(tx: &mut AnyConnection, nodes: &[(NodeId, Hash)]) -> Result<(), Error> {
    let head = "INSERT INTO audit_node (level, idx, hash)";
    bulk::insert(tx, head, "", nodes, 3, |values, (node, hash)| {
        values.add(i64::from(node.level)).add(signed(node.idx)).add(hash.0.to_vec());
    })
    .await?;
    Ok(())
}

async fn put_checkpoint(
    tx: &mut AnyConnection,
    frontier: &Frontier,
    origin: &str,
    sign: impl FnOnce(&Checkpoint) -> String,
) -> Result<(), Error> {
    let origin = origin.to_owned();
    let checkpoint = Checkpoint { origin, size: frontier.size(), root: frontier.root() };
    sqlx::query("INSERT INTO audit_checkpoint (size, note) VALUES ($1, $2)")
        .bind(signed(frontier.size()))
        .bind(sign(&checkpoint))
        .execute(tx)
        .await?;
    Ok(())
}

fn class_name(class: RetentionClass) -> &'static str {
    match class {
        RetentionClass::Security => "security",
        RetentionClass::Privacy => "privacy",
        RetentionClass::Access => "access",
    }
}

/// As databases count.
fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn unsigned(n: i64, what: &'static str) -> Result<u64, Error> {
    u64::try_from(n).map_err(|_| Error::Stored { what })
}
