//! The SQL of the keys that sign: which one does is said here, and changes with the checkpoint in
//! which it hands over.

use domain::audit::Act;
use engine_sql::{
    Tx,
    sqlx::{self, AnyConnection},
};
use signed_note::{Checkpoint, SigningKey, VerifyingKey};

use super::{Store, grow_by, lock_head, signed, unsigned};
use crate::{Error, KeyFile, service::KeyRange};

/// Keys listed; a log would have to change its key every week for twenty years.
const KEYS_MAX: i64 = 1_000;

impl Store {
    /// The keys of the log in their order: the last one signs.
    pub async fn keys(&self) -> Result<Vec<KeyRange>, Error> {
        let rows: Vec<(i64, String, Option<String>)> = sqlx::query_as(
            "SELECT k.from_size, k.key, c.note
             FROM audit_key k LEFT JOIN audit_checkpoint c ON c.size = k.from_size
             ORDER BY k.from_size LIMIT $1",
        )
        .bind(KEYS_MAX)
        .fetch_all(self.db.read())
        .await?;
        let mut keys = Vec::with_capacity(rows.len());
        for (from_size, key, note) in rows {
            // Nobody handed over to the first one.
            let handover = note.filter(|_| !keys.is_empty());
            let from_size = unsigned(from_size, "size")?;
            keys.push(KeyRange { key: parse(&key)?, from_size, handover });
        }
        Ok(keys)
    }

    /// Writes down which key signs a log that began before keys were written down.
    pub async fn key_found(&self, key: &VerifyingKey) -> Result<(), Error> {
        self.db
            .with_tx(|mut tx| async move {
                lock_head(&mut tx).await?;
                if stored(&mut tx).await?.is_none() {
                    put(&mut tx, 0, key).await?;
                }
                Ok(())
            })
            .await
    }

    /// Has the log go on under the next key: with one record that says so, and a checkpoint over it
    /// in which the key of before hands over. `false` where it signs already.
    pub async fn key_rotate(
        &self,
        act: &Act,
        keys: &KeyFile,
        next: &SigningKey,
    ) -> Result<bool, Error> {
        self.db.with_tx(|tx| rotate(tx, act, keys, next)).await
    }
}

async fn rotate(mut tx: Tx, act: &Act, keys: &KeyFile, next: &SigningKey) -> Result<bool, Error> {
    let size = lock_head(&mut tx).await?;
    let key = keys.get(&current(&mut tx).await?)?;
    if key.verifying() == next.verifying() {
        return Ok(false);
    }
    let hand_over = |checkpoint: &Checkpoint| checkpoint.hand_over(&key, next);
    grow_by(&mut tx, size, std::slice::from_ref(act), &key, hand_over).await?;
    put(&mut tx, size + 1, &next.verifying()).await?;
    Ok(true)
}

/// The key that signs.
pub(super) async fn current(tx: &mut AnyConnection) -> Result<VerifyingKey, Error> {
    stored(tx).await?.ok_or(Error::Stored { what: "key" })
}

async fn stored(tx: &mut AnyConnection) -> Result<Option<VerifyingKey>, Error> {
    let key: Option<String> =
        sqlx::query_scalar("SELECT key FROM audit_key ORDER BY from_size DESC LIMIT 1")
            .fetch_optional(tx)
            .await?;
    key.map(|key| parse(&key)).transpose()
}

pub(super) async fn put(
    tx: &mut AnyConnection,
    from_size: u64,
    key: &VerifyingKey,
) -> Result<(), Error> {
    sqlx::query("INSERT INTO audit_key (from_size, key) VALUES ($1, $2)")
        .bind(signed(from_size))
        .bind(key.to_string())
        .execute(tx)
        .await?;
    Ok(())
}

fn parse(text: &str) -> Result<VerifyingKey, Error> {
    text.parse().map_err(|_| Error::Stored { what: "key" })
}
