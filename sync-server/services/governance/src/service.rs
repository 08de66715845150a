//! The verbs of the log: append, list, prove, export.

use std::{collections::HashSet, sync::Arc};

use api::audit::{AuditProof, AuditRestart};
use domain::{
    AccountId,
    audit::{Act, Reason, RetentionClass, Token, Verb},
};
use engine_sql::{Db, acts::By};
use tokio::{
    io::{AsyncWrite, AsyncWriteExt as _},
    sync::Notify,
};
use web::ApiError;

use signed_note::{Checkpoint, SigningKey, VerifyingKey};

use crate::{
    Error, Export, KeyFile, Record,
    merkle::{Hash, plan::Plan},
    store::Store,
    writer::Writer,
};

/// The audit log of one server.
pub struct Service {
    pub(crate) store: Store,
    pub(crate) wake: Notify,
    keys: KeyFile,
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

/// A key of the log, and the checkpoints that it signed: from one on, to that in which it handed
/// over to the next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyRange {
    pub key: VerifyingKey,
    pub from_size: u64,
    /// The note in which the key before handed over to it; `None` for the first.
    pub handover: Option<String>,
}

impl Service {
    /// Opens the log. Refuses one that was signed with another key: files of it could not be
    /// verified any more.
    pub async fn open(db: Db, keys: KeyFile) -> Result<Arc<Self>, Error> {
        let store = Store::open(db, &keys).await?;
        check_keys(&store, &keys).await?;
        Ok(Arc::new(Self {
            wake: Notify::new(),
            writer: Writer::start(store.clone(), keys.clone()),
            keys,
            store,
        }))
    }

    /// The keys that verify checkpoints and files, in their order: the last one signs. Their texts
    /// are what operators publish.
    pub async fn keys(&self) -> Result<Vec<KeyRange>, Error> {
        self.store.keys().await
    }

    /// Has a new key sign from now on. The one before signs once more, to hand over, and is
    /// destroyed; its public half stays with the log.
    ///
    /// A new key is written to the file first, then the log goes on under it, then the former one is
    /// taken out of the file. Cut off before the second step, the log goes on as before, and asking
    /// again takes the key that waits; cut off after it, the next start does the third.
    pub async fn key_rotate(&self) -> Result<VerifyingKey, Error> {
        let known: Vec<VerifyingKey> =
            self.keys().await?.into_iter().map(|range| range.key).collect();
        let next = self.keys.next(&known)?;
        let by = By { actor: None, now_us: web::clock::system()() };
        let act = by.security("audit_key_rotate", object("audit-key")?);
        self.store.key_rotate(&act, &self.keys, &next).await?;
        check_keys(&self.store, &self.keys).await?;
        Ok(next.verifying())
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

    /// Records that an officer takes a checkpoint which does not go on from what they knew.
    pub async fn restart(&self, officer: AccountId, of: &AuditRestart) -> Result<(), Error> {
        let AuditRestart { known_size, size } = *of;
        self.checkpoint(Some(size)).await?;
        let by = By::account(officer, web::clock::system()());
        let reason = format!("the log of {known_size} records was known; that of {size} is taken");
        let act = by.security("audit_restart", object("audit-log")?);
        let reason = Reason::new(reason).map_err(|_| Error::Stored { what: "reason" })?;
        self.append(vec![Act { reason: Some(reason), ..act }]).await?;
        Ok(())
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
        Export::begin(self.store.clone(), self.keys.origin()).await
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

/// Finds the key of the log among ours, and takes those out that sign no more.
async fn check_keys(store: &Store, keys: &KeyFile) -> Result<(), Error> {
    let foreign = || Error::KeyForeign { ours: keys.origin() };
    // In this order: meanwhile another process may have a key hand over.
    let (_, note) = store.checkpoint_latest().await?;
    let is_signed_by = |key: &VerifyingKey| Checkpoint::open(&note, key).is_ok();
    let mut known = store.keys().await?;
    if known.is_empty() {
        let all = keys.all();
        let found = all.iter().map(SigningKey::verifying).find(is_signed_by);
        store.key_found(&found.ok_or_else(foreign)?).await?;
        known = store.keys().await?;
    }
    if !known.iter().any(|range| is_signed_by(&range.key)) {
        return Err(Error::Stored { what: "checkpoint" });
    }
    let Some(KeyRange { key, .. }) = known.pop() else { return Err(foreign()) };
    keys.get(&key)?;
    let former: Vec<VerifyingKey> = known.into_iter().map(|range| range.key).collect();
    keys.forget(&former)
}

fn object(name: &str) -> Result<Token, Error> {
    Token::new(name).map_err(|_| Error::Stored { what: "token" })
}

fn first(hashes: &[Hash]) -> Result<String, Error> {
    hashes.first().map(ToString::to_string).ok_or(Error::Stored { what: "tree" })
}

fn texts(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(ToString::to_string).collect()
}
