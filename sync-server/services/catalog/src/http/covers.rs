//! Covers. Their ids are hashes of what they show: unguessable, and good for ever.

use std::sync::Arc;

use api::error::Envelope;
use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::CoverId;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use web::{ApiError, Path, Query, etag};

use crate::{Service, Size};

/// Where the client names no size.
const SIZE_DEFAULT: Size = Size::Fit(300);

/// Query of `cover_view`.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct CoverQuery {
    /// `64`, `300` or `640` pixels for the longer side, or `original`; 300 where absent.
    /// Images are never enlarged.
    #[param(pattern = "^(64|300|640|original)$")]
    size: Option<String>,
}

/// The bytes of a file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "the document's only")]
struct Image(Vec<u8>);

/// A cover image. No sign-in is needed: nobody knows the id who was not told.
#[utoipa::path(
    get,
    path = "/api/v1/covers/{cover_id}",
    operation_id = "cover_view",
    tag = "catalog",
    params(
        ("cover_id" = CoverId, Path, description = "Which cover"),
        CoverQuery,
    ),
    responses(
        (status = 200, description = "The image", content(
            (Image = "image/jpeg"), (Image = "image/png"), (Image = "image/webp"),
            (Image = "image/gif"), (Image = "image/bmp"),
        )),
        (status = 304, description = "As the client has it already"),
        (status = 400, description = "Not an id, or no such size", body = Envelope),
        (status = 404, description = "No such cover", body = Envelope),
    ),
)]
pub async fn cover_view(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    Path(id): Path<CoverId>,
    Query(query): Query<CoverQuery>,
) -> Result<Response, ApiError> {
    let size = match &query.size {
        None => SIZE_DEFAULT,
        Some(text) => Size::parse(text).ok_or_else(|| {
            ApiError::invalid(
                "Covers do not come in this size.",
                "Ask for 64, 300, 640 or original.",
            )
        })?,
    };
    let picture = service.cover(&id, size).await?.ok_or_else(|| ApiError::not_found("cover"))?;
    let tag = etag::tag_of(&picture.bytes);
    let lasting: [(HeaderName, String); 3] = [
        (header::ETAG, tag.clone()),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable".to_owned()),
        // What a stranger put into a file is shown as an image or not at all.
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    if etag::matches(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, lasting).into_response());
    }
    let content_type = [(header::CONTENT_TYPE, picture.content_type)];
    Ok((lasting, content_type, Body::from(picture.bytes)).into_response())
}
