//! What can go wrong, and what a caller reads of it.

use std::sync::Arc;

use web::{ApiError, secret_file::SecretFileError};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the database of governance failed")]
    Database(#[from] engine_sql::Error),

    #[error("the query of governance failed")]
    Query(#[from] engine_sql::sqlx::Error),

    #[error("a stored {what} is not readable")]
    Stored { what: &'static str },

    #[error("the acts were not recorded")]
    Append(#[source] Arc<Error>),

    #[error("the task that writes the audit log ended")]
    WriterEnded,

    #[error("{n_acts} acts are too many at once; {max} are recorded together at most")]
    TooMany { n_acts: usize, max: usize },

    #[error("cannot write the file of the audit log")]
    Export(#[source] std::io::Error),

    #[error(transparent)]
    KeyFile(#[from] SecretFileError),

    #[error(
        "the audit log was signed with another key than {ours}; restore the file of that key \
         from a backup"
    )]
    KeyForeign { ours: String },

    #[error("the vault does not take a field of this name or size: {field}")]
    Field { field: String },

    #[error(
        "the master key {id} of the vault is not there; restore the file `vault-key` from a backup"
    )]
    MasterKeyMissing { id: String },

    /// Answered as it is.
    #[error("{}", .0.message)]
    Refused(ApiError),
}

web::refusable!(Error);
