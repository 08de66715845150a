//! What can go wrong here.

/// A failure of the database, or of opening it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot open the database {url}")]
    Open {
        /// Without user and password.
        url: String,
        #[source]
        source: sqlx::Error,
    },

    #[error(
        "the database {url} is damaged; restore it from a backup, or move it away to start anew"
    )]
    Damaged {
        /// Without user and password.
        url: String,
        #[source]
        source: sqlx::Error,
    },

    #[error(
        "this build has no driver for {scheme:?} databases; SQLite is built in, PostgreSQL is \
         the cargo feature `postgres`"
    )]
    NoDriver { scheme: String },

    #[error("the transaction failed")]
    Transaction(#[source] sqlx::Error),

    #[error("the transaction was kept beyond the work it was lent to")]
    Kept,

    #[error("the query failed")]
    Query(#[from] sqlx::Error),

    #[error("the database's log is being read and cannot be cut off yet")]
    LogInUse,

    #[error("cannot read or write the table of migrations")]
    Steps(#[source] sqlx::Error),

    #[error("step {version} ({name}) of the {namespace} tables failed")]
    Step {
        namespace: String,
        version: i64,
        name: &'static str,
        #[source]
        source: sqlx::Error,
    },

    #[error(
        "the {namespace} tables were made by a newer MelodyUD: they are at step {found}, this \
         program knows up to {known}; start the newer program, or restore a backup"
    )]
    Newer { namespace: String, found: i64, known: i64 },

    #[error(
        "step {version} ({name}) of the {namespace} tables was applied with another text; a \
         published step never changes, add a new one instead"
    )]
    Changed { namespace: String, version: i64, name: &'static str },

    #[error("steps of the {namespace} tables must be numbered from 1 without gaps")]
    Numbering { namespace: String },
}
