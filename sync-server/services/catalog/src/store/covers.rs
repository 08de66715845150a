//! What covers are; their bytes are blobs.

use domain::CoverId;
use engine_blobs::BlobId;
use engine_sql::{
    Readers,
    sqlx::{self, AnyConnection, Row as _},
};

use crate::error::Error;

/// A cover as it was given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Original {
    pub colour: String,
    pub content_type: String,
    pub width_px: u32,
    pub height_px: u32,
    pub size_bytes: u64,
}

/// A cover drawn in a size.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rendition {
    pub blob: BlobId,
    pub content_type: String,
}

pub async fn original(pool: &Readers, id: &CoverId) -> Result<Option<Original>, Error> {
    let row = sqlx::query(
        "SELECT colour, content_type, width_px, height_px, size_bytes FROM cover
         WHERE cover_id = $1",
    )
    .bind(id.to_string())
    .fetch_optional(pool)
    .await?;
    let original = |row: sqlx::any::AnyRow| {
        Ok(Original {
            colour: row.try_get("colour")?,
            content_type: row.try_get("content_type")?,
            width_px: super::read::unsigned(&row, "width_px")?,
            height_px: super::read::unsigned(&row, "height_px")?,
            size_bytes: super::read::unsigned(&row, "size_bytes")?,
        })
    };
    row.map(original).transpose()
}

pub async fn original_put(
    tx: &mut AnyConnection,
    id: &CoverId,
    original: &Original,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO cover (cover_id, colour, content_type, width_px, height_px, size_bytes)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (cover_id) DO NOTHING",
    )
    .bind(id.to_string())
    .bind(original.colour.clone())
    .bind(original.content_type.clone())
    .bind(i64::from(original.width_px))
    .bind(i64::from(original.height_px))
    .bind(i64::try_from(original.size_bytes).unwrap_or(i64::MAX))
    .execute(tx)
    .await?;
    Ok(())
}

pub async fn rendition(
    pool: &Readers,
    id: &CoverId,
    side_px: u32,
) -> Result<Option<Rendition>, Error> {
    let row = sqlx::query(
        "SELECT blob_id, content_type FROM cover_rendition WHERE cover_id = $1 AND size_px = $2",
    )
    .bind(id.to_string())
    .bind(i64::from(side_px))
    .fetch_optional(pool)
    .await?;
    let rendition = |row: sqlx::any::AnyRow| {
        let blob: String = row.try_get("blob_id")?;
        let blob =
            blob.parse().map_err(|_| Error::Value { column: "blob_id", value: blob.clone() })?;
        Ok(Rendition { blob, content_type: row.try_get("content_type")? })
    };
    row.map(rendition).transpose()
}

pub async fn rendition_put(
    tx: &mut AnyConnection,
    id: &CoverId,
    side_px: u32,
    rendition: &Rendition,
) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO cover_rendition (cover_id, size_px, blob_id, content_type)
         VALUES ($1, $2, $3, $4)
         ON CONFLICT (cover_id, size_px) DO UPDATE
            SET blob_id = excluded.blob_id, content_type = excluded.content_type",
    )
    .bind(id.to_string())
    .bind(i64::from(side_px))
    .bind(rendition.blob.to_string())
    .bind(rendition.content_type.clone())
    .execute(tx)
    .await?;
    Ok(())
}
