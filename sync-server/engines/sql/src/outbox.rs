//! The transactional outbox: what a service has to tell is written in the transaction of the
//! change it is about, and handed over afterwards.
//!
//! Whoever hands over reads [`pending`], passes it on, then calls [`settle`]. A crash between
//! the two hands over again: receivers know a message by its id and take it once.

use sqlx::{AnyConnection, Row as _};

use crate::{
    Db, Error, Step,
    bulk::{self, PARAMETERS_MAX, Values},
};

/// Messages read at a time, at most.
pub const PENDING_MAX: u32 = 1_000;

const STEPS: &[Step] = &[(
    1,
    "outbox",
    "CREATE TABLE outbox (
        topic TEXT NOT NULL,
        message_id TEXT NOT NULL,
        at_us BIGINT NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (topic, message_id))",
)];

/// What waits to be handed over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    /// Made by the sender (UUIDv7), so that messages sort by the time of their making.
    pub id: String,
    /// When it was written, microseconds since 1970.
    pub at_us: i64,
    pub body: String,
}

/// Makes the table. Every service that puts or reads messages calls this as it opens.
pub async fn migrate(db: &Db) -> Result<(), Error> {
    db.migrate("outbox", STEPS).await
}

/// Puts a message into the caller's transaction. A message that is there already stays.
pub async fn put(
    tx: &mut AnyConnection,
    topic: &str,
    id: &str,
    at_us: i64,
    body: &str,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO outbox (topic, message_id, at_us, body) VALUES ($1, $2, $3, $4)
         ON CONFLICT (topic, message_id) DO NOTHING",
    )
    .bind(topic.to_owned())
    .bind(id.to_owned())
    .bind(at_us)
    .bind(body.to_owned())
    .execute(tx)
    .await?;
    Ok(())
}

/// The first messages of a topic in the order of their ids, at most [`PENDING_MAX`].
///
/// A transaction that ends late may add one before those that were read: always read from the
/// beginning, and settle what was handed over.
pub async fn pending(db: &Db, topic: &str, limit: u32) -> Result<Vec<Message>, Error> {
    let rows = sqlx::query(
        "SELECT message_id, at_us, body FROM outbox WHERE topic = $1 ORDER BY message_id LIMIT $2",
    )
    .bind(topic.to_owned())
    .bind(i64::from(limit.min(PENDING_MAX)))
    .fetch_all(db.read())
    .await?;
    let message = |row: &sqlx::any::AnyRow| {
        Ok(Message { id: row.try_get(0)?, at_us: row.try_get(1)?, body: row.try_get(2)? })
    };
    rows.iter().map(message).collect()
}

/// Forgets messages that were handed over.
pub async fn settle<I: AsRef<str> + Sync>(db: &Db, topic: &str, ids: &[I]) -> Result<(), Error> {
    if ids.is_empty() {
        return Ok(());
    }
    db.with_tx(|mut tx| async move { delete(&mut tx, topic, ids).await }).await
}

/// Moves a message that nobody can read to a topic of its own, `<topic>.unreadable`, so that it
/// holds up no other and is there for whoever looks into it.
pub async fn set_aside(db: &Db, topic: &str, message: &Message) -> Result<(), Error> {
    let aside = &format!("{topic}.unreadable");
    db.with_tx(|mut tx| async move {
        put(&mut tx, aside, &message.id, message.at_us, &message.body).await?;
        delete(&mut tx, topic, &[&message.id]).await
    })
    .await
}

async fn delete<I: AsRef<str>>(
    tx: &mut AnyConnection,
    topic: &str,
    ids: &[I],
) -> Result<(), Error> {
    for chunk in ids.chunks(PARAMETERS_MAX - 1) {
        let mut values = Values::default();
        values.add(topic.to_owned());
        for id in chunk {
            values.add(id.as_ref().to_owned());
        }
        let list = bulk::list(2, chunk.len());
        let sql = format!("DELETE FROM outbox WHERE topic = $1 AND message_id IN ({list})");
        bulk::execute(&mut *tx, sql, values).await?;
    }
    Ok(())
}
