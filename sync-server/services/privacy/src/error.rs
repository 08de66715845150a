//! What can go wrong, and what a caller reads of it.

use web::ApiError;

use crate::peer::PeerError;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the database of privacy failed")]
    Database(#[from] engine_sql::Error),

    #[error("the query of privacy failed")]
    Query(#[from] engine_sql::sqlx::Error),

    #[error("a stored {what} is not readable")]
    Stored { what: &'static str },

    #[error("a peer of privacy failed")]
    Peer(#[source] PeerError),

    #[error("cannot {operation} the file of an export")]
    File {
        operation: &'static str,
        #[source]
        source: std::io::Error,
    },

    #[error(transparent)]
    Dossier(#[from] dossier::Error),

    #[error("{service} still holds {n_rows} rows of {table} after it erased them")]
    Left { service: &'static str, table: &'static str, n_rows: u64 },

    #[error("a thread of work ended")]
    Thread(#[from] tokio::task::JoinError),

    #[error("retention has no rule for {id}; add one to its file")]
    RuleMissing { id: &'static str },

    #[error("retention has a rule for {id}, which nothing is kept by; remove it from its file")]
    RuleUnknown { id: String },

    /// Answered as it is.
    #[error("{}", .0.message)]
    Refused(ApiError),
}

impl Error {
    pub(crate) fn file(operation: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::File { operation, source }
    }
}

impl From<PeerError> for Error {
    fn from(error: PeerError) -> Self {
        match error {
            PeerError::Refused(error) => Self::Refused(error),
            failed @ PeerError::Failed { .. } => Self::Peer(failed),
        }
    }
}

web::refusable!(Error);
