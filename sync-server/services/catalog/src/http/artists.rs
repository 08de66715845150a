//! Artists.

use std::sync::Arc;

use api::{
    catalog::{ArtistSort, ArtistView, Order, Page},
    error::Envelope,
};
use axum::{extract::State, http::HeaderMap, response::Response};
use domain::{Artist, ArtistId};
use serde::Deserialize;
use utoipa::IntoParams;
use web::{ApiError, Path, Query, auth::SignedIn, etag};

use super::lists;
use crate::{Service, store::page::List};

/// Query of `artist_list`.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ArtistQuery {
    /// What to sort by.
    #[serde(default)]
    #[param(inline)]
    sort: ArtistSort,
    /// In which direction.
    #[serde(default)]
    #[param(inline)]
    order: Order,
    /// Artists per page, 1 to 200; 50 where absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the page before, with the same sort, order and filter.
    #[param(min_length = 1)]
    cursor: Option<String>,
    /// Words of the name, or their beginnings.
    #[param(max_length = 200)]
    filter: Option<String>,
}

/// The artists, in pages.
#[utoipa::path(
    get,
    path = "/api/v1/artists",
    operation_id = "artist_list",
    tag = "catalog",
    params(ArtistQuery),
    responses(
        (status = 200, description = "A page of artists", body = Page<Artist>),
        (status = 304, description = "As the client has it already"),
        (status = 400, description = "A bad sort, limit, cursor or filter", body = Envelope),
        (status = 401, description = "Nobody is signed in", body = Envelope),
    ),
    security(("bearer" = [])),
)]
pub async fn artist_list(
    State(service): State<Arc<Service>>,
    _listener: SignedIn,
    headers: HeaderMap,
    Query(query): Query<ArtistQuery>,
) -> Result<Response, ApiError> {
    let list =
        List::artists(query.sort, query.order).named(lists::filter(query.filter.as_deref())?);
    let (limit, after) = lists::window(&list, query.limit, query.cursor.as_deref())?;
    let listed = service.artist_list(&list, limit, after.as_ref()).await?;
    etag::json(&headers, &listed.into_page()?)
}

/// An artist with their music.
#[utoipa::path(
    get,
    path = "/api/v1/artists/{artist_id}",
    operation_id = "artist_view",
    tag = "catalog",
    params(("artist_id" = ArtistId, Path, description = "Whose page")),
    responses(
        (status = 200, description = "The artist", body = ArtistView),
        (status = 304, description = "As the client has it already"),
        (status = 400, description = "Not an id", body = Envelope),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 404, description = "No such artist", body = Envelope),
    ),
    security(("bearer" = [])),
)]
pub async fn artist_view(
    State(service): State<Arc<Service>>,
    _listener: SignedIn,
    headers: HeaderMap,
    Path(id): Path<ArtistId>,
) -> Result<Response, ApiError> {
    let view = service.artist_view(id).await?.ok_or_else(|| ApiError::not_found("artist"))?;
    etag::json(&headers, &view)
}
