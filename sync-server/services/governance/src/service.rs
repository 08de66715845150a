//! The verbs of the log: append, list, prove, export.

use std::{collections::HashSet, sync::Arc};

use api::audit::AuditProof;
use domain::audit::{Act, RetentionClass, Token, Verb};
use engine_sql::Db;
use tokio::{
    io::{AsyncWrite, AsyncWriteExt as _},
    sync::Notify,
};
use web::ApiError;

use crate::{
    Checkpoint, Error, Export, NoteError, Record, SigningKey, VerifyingKey,
    merkle::{Hash, plan::Plan},
    store::Store,
    writer::Writer,
};

/// The audit log of one server.
pub struct Service {
    pub(crate) store: Store,
    pub(crate) wake: Notify,
    key: VerifyingKey,
    writer: Writer,
}

/// Which records: those that match all that is given, exactly.
#[derive(Clone, Default, Debug)]
pub struct Filter {
    pub actor: Option<Token>,
    pub object: Option<Token>,
    pub verb: Option<Verb>,
}

/// A checkpoint as it was signed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedCheckpoint {
    pub size: u64,
    pub note: String,
}

impl Service {
    /// Opens the log. Refuses one that was signed with another key: files of it could not be
    /// verified any more.
    pub async fn open(db: Db, key: SigningKey) -> Result<Arc<Self>, Error> {
        let store = Store::open(db, &key).await?;
        let (_, note) = store.checkpoint_latest().await?;
        match Checkpoint::open(&note, &key.verifying()) {
            Ok(_) => {}
            Err(NoteError::OtherKey) => {
                return Err(Error::KeyForeign { ours: key.verifying().name().to_owned() });
            }
            Err(_) => return Err(Error::Stored { what: "checkpoint" }),
        }
        Ok(Arc::new(Self {
            wake: Notify::new(),
            key: key.verifying(),
            writer: Writer::start(store.clone(), key),
            store,
        }))
    }

    /// The key that verifies checkpoints and files; its text is what operators publish.
    pub fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// Records acts, at most 2,000 at once. Answers with the sequence number of each once all
    /// of them are durable. An act that is recorded already, by its id, keeps its number.
    pub async fn append(&self, acts: Vec<Act>) -> Result<Vec<u64>, Error> {
        self.writer.append(acts).await
    }

    /// Records below `before`, newest first; from the newest where it is `None`.
    pub async fn list(
        &self,
        filter: &Filter,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Record>, Error> {
        self.store.list(filter, before.unwrap_or(u64::MAX), limit).await
    }

    /// The latest checkpoint, or that of a size, where one was made.
    pub async fn checkpoint(&self, size: Option<u64>) -> Result<SignedCheckpoint, Error> {
        let Some(size) = size else {
            let (size, note) = self.store.checkpoint_latest().await?;
            return Ok(SignedCheckpoint { size, note });
        };
        let note = self.store.checkpoint(size).await?;
        let note = note.ok_or_else(|| ApiError::not_found("checkpoint"))?;
        Ok(SignedCheckpoint { size, note })
    }

    /// Proves that a record is in the tree of `size`; in the whole log where it is `None`.
    pub async fn inclusion(&self, seq: u64, size: Option<u64>) -> Result<AuditProof, Error> {
        let size = self.check_size(size).await?;
        let plan = Plan::inclusion(seq, size).ok_or_else(|| {
            ApiError::invalid(
                format!("A tree of {size} records has no record {seq}."),
                "Ask for a record below the size.",
            )
        })?;
        let [path, root] = self.store.prove([plan, Plan::root(size)]).await?;
        let leaf = self.store.leaf(seq).await?.ok_or(Error::Stored { what: "tree" })?;
        Ok(AuditProof::Inclusion {
            seq,
            size,
            leaf: leaf.to_string(),
            root: first(&root)?,
            path: texts(&path),
        })
    }

    /// Proves that the log of `from` records is the beginning of that of `to`.
    pub async fn consistency(&self, from: u64, to: u64) -> Result<AuditProof, Error> {
        let to = self.check_size(Some(to)).await?;
        let plan = Plan::consistency(from, to).ok_or_else(|| {
            ApiError::invalid(
                "There is no such proof.",
                "Ask for two sizes from 1 up, the smaller one in `from`.",
            )
        })?;
        let [path, from_root, to_root] =
            self.store.prove([plan, Plan::root(from), Plan::root(to)]).await?;
        Ok(AuditProof::Consistency {
            from,
            to,
            from_root: first(&from_root)?,
            to_root: first(&to_root)?,
            path: texts(&path),
        })
    }

    /// The log up to its latest checkpoint, in pieces of a file.
    pub async fn export(&self) -> Result<Export, Error> {
        Export::begin(self.store.clone(), &self.key).await
    }

    /// Writes the log as a file that [`crate::verify_file`] verifies.
    pub async fn write_file(&self, mut writer: impl AsyncWrite + Unpin) -> Result<(), Error> {
        let mut export = self.export().await?;
        while let Some(piece) = export.piece().await? {
            writer.write_all(&piece).await.map_err(Error::Export)?;
        }
        writer.flush().await.map_err(Error::Export)
    }

    /// How many records of a class are older than `before_us`, have their content, and are about
    /// nobody of `held`.
    pub async fn contents_due(
        &self,
        class: RetentionClass,
        before_us: i64,
        held: &HashSet<String>,
    ) -> Result<u64, Error> {
        self.store.contents_due(class, before_us, held).await
    }

    /// Drops the content of those. Proofs and files stay good: what a record was hashed to stays.
    pub async fn contents_drop(
        &self,
        class: RetentionClass,
        before_us: i64,
        held: &HashSet<String>,
    ) -> Result<u64, Error> {
        self.store.contents_drop(class, before_us, held).await
    }

    async fn check_size(&self, size: Option<u64>) -> Result<u64, Error> {
        let whole = self.store.size().await?;
        match size {
            Some(size) if size > whole => Err(ApiError::invalid(
                format!("The log has {whole} records only."),
                "Ask for a size up to that.",
            )
            .into()),
            size => Ok(size.unwrap_or(whole)),
        }
    }
}

fn first(hashes: &[Hash]) -> Result<String, Error> {
    hashes.first().map(ToString::to_string).ok_or(Error::Stored { what: "tree" })
}

fn texts(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(ToString::to_string).collect()
}
