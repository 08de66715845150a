//! The vault: secrets and personal data of subjects, sealed under a key of each subject's own.
//!
//! Fields are sealed with XChaCha20-Poly1305 under the subject's key, and that key is wrapped by
//! the master key, which is not in the database. Whoever has the database alone has nothing, and a
//! row that is moved to another subject or field does not open.

mod master;
mod seal;
mod shred;

use std::{collections::HashMap, sync::Arc};

use domain::{
    audit::Token,
    subject::{Holding, Key as SubjectKey, OnErasure},
};
use engine_sql::{
    Db, Step, Tx, bulk,
    sqlx::{self, AnyConnection, Row as _},
};

use self::seal::Key;
use crate::Error;
pub use master::{FileMasterKeys, MasterKeys, Wrapped};

/// Of a field, in bytes.
const FIELD_BYTES_MAX: usize = 64 * 1024;

/// Of a field's name, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// Keys wrapped anew in one transaction.
const REWRAPPED_MAX: i64 = 500;

const STEPS: &[Step] = &[
    (
        1,
        "keys of subjects",
        "CREATE TABLE vault_key (
            subject TEXT NOT NULL PRIMARY KEY,
            master_id TEXT NOT NULL,
            wrapped TEXT NOT NULL)",
    ),
    (
        2,
        "sealed fields",
        "CREATE TABLE vault_field (
            subject TEXT NOT NULL,
            field TEXT NOT NULL,
            sealed TEXT NOT NULL,
            PRIMARY KEY (subject, field))",
    ),
];

/// What is held about persons in the vault.
pub const HOLDINGS: &[Holding] = &[
    Holding {
        table: "vault_field",
        keys: &[SubjectKey::Token("subject")],
        what: "What is sealed under a key of your own: your address, birth date, picture",
        why: "So that nobody reads it who takes the database",
        kept: "As long as the account",
        secret: &["sealed"],
        on_erasure: OnErasure::Delete,
    },
    Holding {
        table: "vault_key",
        keys: &[SubjectKey::Token("subject")],
        what: "That key",
        why: "To open what is sealed under it",
        kept: "As long as the account; it is what an erasure destroys last",
        secret: &["wrapped"],
        on_erasure: OnErasure::Delete,
    },
];

/// The subject and the field of the key by which texts are looked up.
const LOOKUP_SUBJECT: &str = "system:lookup";
const LOOKUP_FIELD: &str = "key";

/// Sealed fields of subjects.
#[derive(Debug)]
pub struct Vault {
    db: Db,
    master: Arc<dyn MasterKeys>,
    lookup: Key,
}

impl Vault {
    /// Opens the vault, whose keys of subjects are wrapped by `master`.
    pub async fn open(db: Db, master: Arc<dyn MasterKeys>) -> Result<Self, Error> {
        db.migrate("vault", STEPS).await?;
        let mut vault = Self { db, master, lookup: Key::random() };
        vault.lookup = vault.lookup_key().await?;
        Ok(vault)
    }

    /// What a text is found by: the same for the same text, and of no use to whoever has the
    /// database and not the master key.
    pub fn lookup_hash(&self, text: &str) -> String {
        blake3::keyed_hash(self.lookup.bytes(), text.as_bytes()).to_hex().to_string()
    }

    /// Puts a field, at most 64 KiB, in the place of what it held.
    pub async fn put(&self, subject: &Token, field: &str, bytes: &[u8]) -> Result<(), Error> {
        check(field, bytes)?;
        self.db.with_tx(|tx| self.put_in(tx, subject, field, bytes)).await
    }

    pub async fn get(&self, subject: &Token, field: &str) -> Result<Option<Vec<u8>>, Error> {
        let fields = [(subject.clone(), field.to_owned())];
        self.get_all(&fields).await?.pop().unwrap_or(Ok(None))
    }

    /// What fields of subjects hold, in the order in which they were asked for. That one cannot be
    /// opened is said of that one alone.
    pub async fn get_all(
        &self,
        of: &[(Token, String)],
    ) -> Result<Vec<Result<Option<Vec<u8>>, Error>>, Error> {
        let sql = "SELECT f.subject, f.field, k.master_id, k.wrapped, f.sealed
                   FROM (VALUES {rows}) AS v
                   JOIN vault_field f ON f.subject = v.column1 AND f.field = v.column2
                   JOIN vault_key k ON k.subject = f.subject";
        let mut db = self.db.read().acquire().await?;
        let rows = bulk::fetch_rows(&mut db, sql, of, 2, |values, (subject, field)| {
            values.add(subject.to_string()).add(field.clone());
        });
        let mut sealed = HashMap::new();
        for row in rows.await? {
            let wrapped = Wrapped { master_id: row.try_get(2)?, text: row.try_get(3)? };
            let text: String = row.try_get(4)?;
            sealed.insert((row.try_get(0)?, row.try_get(1)?), (wrapped, text));
        }
        drop(db);
        let mut opened = Vec::with_capacity(of.len());
        for (subject, field) in of {
            let found = sealed.get(&(subject.to_string(), field.clone()));
            opened.push(match found {
                Some((wrapped, text)) => {
                    self.open_field(subject, field, wrapped, text).await.map(Some)
                }
                None => Ok(None),
            });
        }
        Ok(opened)
    }

    /// Deleting what is not there is no error.
    pub async fn delete(&self, subject: &Token, field: &str) -> Result<(), Error> {
        self.db
            .with_tx(|mut tx| async move {
                sqlx::query("DELETE FROM vault_field WHERE subject = $1 AND field = $2")
                    .bind(subject.to_string())
                    .bind(field.to_owned())
                    .execute(&mut *tx)
                    .await?;
                Ok(())
            })
            .await
    }

    /// Makes a new master key and wraps the keys of all subjects by it, in batches, while others
    /// read and write. Cut off anywhere, the next run goes on. Answers how many it wrapped.
    pub async fn rotate(&self) -> Result<u64, Error> {
        self.master.rotate().await?;
        let (mut n_all, mut after) = (0, String::new());
        loop {
            let last = &after;
            let batch = self.db.with_tx(|tx| self.rewrap_after(tx, last)).await?;
            n_all += batch.n_wrapped;
            let Some(last) = batch.last else { return Ok(n_all) };
            after = last;
        }
    }

    /// The key of lookups, made at the first start; of two who start at once, one makes it.
    async fn lookup_key(&self) -> Result<Key, Error> {
        let subject = &Token::new(LOOKUP_SUBJECT).expect("it is plain ASCII");
        let new = &Key::random();
        self.db
            .with_tx(|mut tx| async move {
                if self.is_there(&mut tx, subject, LOOKUP_FIELD).await? {
                    return Ok(());
                }
                self.put_in(tx, subject, LOOKUP_FIELD, new.bytes()).await
            })
            .await?;
        let bytes = self.get(subject, LOOKUP_FIELD).await?;
        let key = bytes.and_then(|bytes| Key::from_bytes(&bytes));
        key.ok_or(Error::Stored { what: "key of lookups" })
    }

    async fn is_there(
        &self,
        tx: &mut AnyConnection,
        subject: &Token,
        field: &str,
    ) -> Result<bool, Error> {
        let row: Option<(String,)> =
            sqlx::query_as("SELECT field FROM vault_field WHERE subject = $1 AND field = $2")
                .bind(subject.to_string())
                .bind(field.to_owned())
                .fetch_optional(tx)
                .await?;
        Ok(row.is_some())
    }

    async fn put_in(
        &self,
        mut tx: Tx,
        subject: &Token,
        field: &str,
        bytes: &[u8],
    ) -> Result<(), Error> {
        let key = self.key(&mut tx, subject).await?;
        sqlx::query(
            "INSERT INTO vault_field (subject, field, sealed) VALUES ($1, $2, $3)
             ON CONFLICT (subject, field) DO UPDATE SET sealed = excluded.sealed",
        )
        .bind(subject.to_string())
        .bind(field.to_owned())
        .bind(key.seal(bytes, &aad(subject, field)))
        .execute(&mut *tx)
        .await?;
        Ok(())
    }

    /// The key of a subject, made where it has none.
    async fn key(&self, tx: &mut AnyConnection, subject: &Token) -> Result<Key, Error> {
        let row: Option<(String, String)> =
            sqlx::query_as("SELECT master_id, wrapped FROM vault_key WHERE subject = $1")
                .bind(subject.to_string())
                .fetch_optional(&mut *tx)
                .await?;
        if let Some((master_id, wrapped)) = row {
            return self.unwrap(subject, &Wrapped { master_id, text: wrapped }).await;
        }
        let key = Key::random();
        let wrapped = self.master.wrap(key.bytes(), subject).await?;
        sqlx::query("INSERT INTO vault_key (subject, master_id, wrapped) VALUES ($1, $2, $3)")
            .bind(subject.to_string())
            .bind(wrapped.master_id)
            .bind(wrapped.text)
            .execute(tx)
            .await?;
        Ok(key)
    }

    async fn rewrap_after(&self, mut tx: Tx, after: &str) -> Result<Batch, Error> {
        let rows: Vec<(String, String, String)> = sqlx::query_as(
            "SELECT subject, master_id, wrapped FROM vault_key
             WHERE subject > $1 ORDER BY subject LIMIT $2",
        )
        .bind(after.to_owned())
        .bind(REWRAPPED_MAX)
        .fetch_all(&mut *tx)
        .await?;
        let newest_id = self.master.newest().await?;
        let mut n_wrapped = 0;
        for (subject, master_id, text) in rows.iter().filter(|(_, id, _)| *id != newest_id) {
            let before = Wrapped { master_id: master_id.clone(), text: text.clone() };
            let token = Token::new(subject).map_err(|_| Error::Stored { what: "subject" })?;
            let key = self.unwrap(&token, &before).await?;
            let wrapped = self.master.wrap(key.bytes(), &token).await?;
            sqlx::query("UPDATE vault_key SET master_id = $2, wrapped = $3 WHERE subject = $1")
                .bind(subject.clone())
                .bind(wrapped.master_id)
                .bind(wrapped.text)
                .execute(&mut *tx)
                .await?;
            n_wrapped += 1;
        }
        Ok(Batch { n_wrapped, last: rows.into_iter().next_back().map(|(subject, ..)| subject) })
    }

    async fn open_field(
        &self,
        subject: &Token,
        field: &str,
        wrapped: &Wrapped,
        sealed: &str,
    ) -> Result<Vec<u8>, Error> {
        let key = self.unwrap(subject, wrapped).await?;
        let opened = key.open(sealed, &aad(subject, field));
        opened.ok_or(Error::Stored { what: "sealed field" })
    }

    async fn unwrap(&self, subject: &Token, wrapped: &Wrapped) -> Result<Key, Error> {
        let bytes = self.master.unwrap(wrapped, subject).await?;
        let key = bytes.and_then(|bytes| Key::from_bytes(&bytes));
        key.ok_or(Error::Stored { what: "key of a subject" })
    }
}

/// Some keys, wrapped by the newest master key.
struct Batch {
    n_wrapped: u64,
    /// The last subject that was looked at; `None` at the end.
    last: Option<String>,
}

fn check(field: &str, bytes: &[u8]) -> Result<(), Error> {
    let is_name = (1..=NAME_BYTES_MAX).contains(&field.len())
        && field
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._".contains(&b));
    if is_name && bytes.len() <= FIELD_BYTES_MAX {
        return Ok(());
    }
    Err(Error::Field { field: field.chars().take(NAME_BYTES_MAX).collect() })
}

/// What a sealed field belongs to. Neither part holds the separator.
fn aad(subject: &Token, field: &str) -> Vec<u8> {
    [subject.as_str().as_bytes(), b"\n", field.as_bytes()].concat()
}
