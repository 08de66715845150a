//! The SQL port: one SQL text, on SQLite in one process and on the PostgreSQL family
//! (CockroachDB, Citus) where a service has outgrown a machine.
//!
//! It is not an object mapper and knows no table: services write their SQL, within the rules
//! below, and their migrations. Start reading at [`Db`].
//!
//! Rules of the one SQL text: columns are `BIGINT`, `TEXT`, `DOUBLE PRECISION` or `BYTEA`;
//! parameters are `$1`; ids are text, made by us; times are `BIGINT` microseconds;
//! `ON CONFLICT`, `RETURNING` and CTEs are fine; `CAST(SUM(x) AS BIGINT)`;
//! `CASE WHEN EXISTS(..) THEN 1 ELSE 0 END`, since there is no common boolean; no triggers, no
//! advisory locks, no `LISTEN`; the distribution key heads every primary key and unique index.

pub mod acts;
pub mod bulk;
mod db;
mod error;
pub mod group;
mod migrate;
pub mod outbox;
mod readers;
mod retry;
pub mod subject;
#[cfg(feature = "testing")]
pub mod testing;
mod tx;

pub use db::{Db, Kind};
pub use error::Error;
pub use migrate::Step;
pub use readers::{Reader, Readers};
pub use tx::Tx;

/// The driver, re-exported so that a service names one version of it.
pub use sqlx;
