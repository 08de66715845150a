//! Releases.

use std::sync::Arc;

use api::{
    catalog::{Order, Page, ReleaseSort, ReleaseView},
    error::Envelope,
};
use axum::{extract::State, http::HeaderMap, response::Response};
use domain::{ArtistId, Release, ReleaseId};
use serde::Deserialize;
use utoipa::IntoParams;
use web::{ApiError, Path, Query, auth::SignedIn, etag};

use super::lists;
use crate::{Service, store::page::List};

/// Query of `release_list`.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ReleaseQuery {
    /// What to sort by.
    #[serde(default)]
    #[param(inline)]
    sort: ReleaseSort,
    /// In which direction.
    #[serde(default)]
    #[param(inline)]
    order: Order,
    /// Releases per page, 1 to 200; 50 where absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the page before, with the same sort, order and filters.
    #[param(min_length = 1)]
    cursor: Option<String>,
    /// Words of the title, or their beginnings.
    #[param(max_length = 200)]
    filter: Option<String>,
    /// Only releases credited to this artist.
    artist_id: Option<ArtistId>,
}

/// The releases, in pages.
#[utoipa::path(
    get,
    path = "/api/v1/releases",
    operation_id = "release_list",
    tag = "catalog",
    params(ReleaseQuery),
    responses(
        (status = 200, description = "A page of releases", body = Page<Release>),
        (status = 304, description = "As the client has it already"),
        (status = 400, description = "A bad sort, limit, cursor, filter or id", body = Envelope),
        (status = 401, description = "Nobody is signed in", body = Envelope),
    ),
    security(("bearer" = [])),
)]
pub async fn release_list(
    State(service): State<Arc<Service>>,
    _listener: SignedIn,
    headers: HeaderMap,
    Query(query): Query<ReleaseQuery>,
) -> Result<Response, ApiError> {
    let list = List::releases(query.sort, query.order)
        .by_artist(query.artist_id)
        .named(lists::filter(query.filter.as_deref())?);
    let (limit, after) = lists::window(&list, query.limit, query.cursor.as_deref())?;
    let listed = service.release_list(&list, limit, after.as_ref()).await?;
    etag::json(&headers, &listed.into_page()?)
}

/// A release with its tracks.
#[utoipa::path(
    get,
    path = "/api/v1/releases/{release_id}",
    operation_id = "release_view",
    tag = "catalog",
    params(("release_id" = ReleaseId, Path, description = "Which release")),
    responses(
        (status = 200, description = "The release", body = ReleaseView),
        (status = 304, description = "As the client has it already"),
        (status = 400, description = "Not an id", body = Envelope),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 404, description = "No such release", body = Envelope),
    ),
    security(("bearer" = [])),
)]
pub async fn release_view(
    State(service): State<Arc<Service>>,
    _listener: SignedIn,
    headers: HeaderMap,
    Path(id): Path<ReleaseId>,
) -> Result<Response, ApiError> {
    let view = service.release_view(id).await?.ok_or_else(|| ApiError::not_found("release"))?;
    etag::json(&headers, &view)
}
