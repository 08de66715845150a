//! What can go wrong in the catalog.

use domain::{CoverId, ids::IdError};
use engine_sql::sqlx;

use crate::peer::PeerError;

/// A failure of the catalog or of what it stands on. Nothing here is the caller's fault: what
/// a caller can mend is said at the edge.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the catalog's database failed")]
    Database(#[from] engine_sql::Error),
    #[error("the catalog's query failed")]
    Query(#[from] sqlx::Error),
    #[error("the catalog holds a bad id")]
    Id(#[from] IdError),
    #[error("column {column} of the catalog holds {value:?}")]
    Value { column: &'static str, value: String },
    #[error("keep cover {id}")]
    CoverKeep {
        id: CoverId,
        #[source]
        source: engine_blobs::Error,
    },
    #[error("read cover {id}")]
    CoverRead {
        id: CoverId,
        #[source]
        source: engine_blobs::Error,
    },
    #[error("draw cover {id}")]
    CoverDraw {
        id: CoverId,
        #[source]
        source: images::ImageError,
    },
    #[error(transparent)]
    Peer(#[from] PeerError),
    #[error("the image work stopped")]
    ImageWork(#[source] tokio::task::JoinError),
}
