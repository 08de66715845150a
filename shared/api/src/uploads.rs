//! Uploads of creators. The uploading itself speaks tus 1.0.0, whose words are headers.

use domain::UploadId;
use serde::{Deserialize, Serialize};

/// Uploads that were not used yet.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UploadList {
    pub uploads: Vec<UploadEntry>,
}

/// A file that is coming in, or is whole and waits to be used.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UploadEntry {
    pub id: UploadId,
    /// What the client called it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub length_bytes: u64,
    /// So much of it is there.
    pub offset_bytes: u64,
    pub is_complete: bool,
    pub created_at_us: i64,
    /// When it is dropped if nothing comes, or nothing takes it.
    pub expires_at_us: i64,
}
