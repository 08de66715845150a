//! Tracks.

use std::sync::Arc;

use api::{
    catalog::{Order, Page, TrackSort},
    error::Envelope,
};
use axum::{extract::State, http::HeaderMap, response::Response};
use domain::{ArtistId, ReleaseId, Track, TrackId};
use serde::Deserialize;
use utoipa::IntoParams;
use web::{ApiError, Path, Query, auth::SignedIn, etag};

use super::lists;
use crate::{Service, store::page::List};

/// Query of `track_list`.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct TrackQuery {
    /// What to sort by.
    #[serde(default)]
    #[param(inline)]
    sort: TrackSort,
    /// In which direction.
    #[serde(default)]
    #[param(inline)]
    order: Order,
    /// Tracks per page, 1 to 200; 50 where absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the page before, with the same sort, order and filters.
    #[param(min_length = 1)]
    cursor: Option<String>,
    /// Words of the title, or their beginnings.
    #[param(max_length = 200)]
    filter: Option<String>,
    /// Only tracks credited to this artist.
    artist_id: Option<ArtistId>,
    /// Only tracks of this release.
    release_id: Option<ReleaseId>,
}

/// The tracks, in pages.
#[utoipa::path(
    get,
    path = "/api/v1/tracks",
    operation_id = "track_list",
    tag = "catalog",
    params(TrackQuery),
    responses(
        (status = 200, description = "A page of tracks", body = Page<Track>),
        (status = 304, description = "As the client has it already"),
        (status = 400, description = "A bad sort, limit, cursor, filter or id", body = Envelope),
        (status = 401, description = "Nobody is signed in", body = Envelope),
    ),
    security(("bearer" = [])),
)]
pub async fn track_list(
    State(service): State<Arc<Service>>,
    _listener: SignedIn,
    headers: HeaderMap,
    Query(query): Query<TrackQuery>,
) -> Result<Response, ApiError> {
    let list = List::tracks(query.sort, query.order)
        .by_artist(query.artist_id)
        .on_release(query.release_id)
        .named(lists::filter(query.filter.as_deref())?);
    let (limit, after) = lists::window(&list, query.limit, query.cursor.as_deref())?;
    let listed = service.track_list(&list, limit, after.as_ref()).await?;
    etag::json(&headers, &listed.into_page()?)
}

/// A track.
#[utoipa::path(
    get,
    path = "/api/v1/tracks/{track_id}",
    operation_id = "track_view",
    tag = "catalog",
    params(("track_id" = TrackId, Path, description = "Which track")),
    responses(
        (status = 200, description = "The track", body = Track),
        (status = 304, description = "As the client has it already"),
        (status = 400, description = "Not an id", body = Envelope),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 404, description = "No such track", body = Envelope),
    ),
    security(("bearer" = [])),
)]
pub async fn track_view(
    State(service): State<Arc<Service>>,
    _listener: SignedIn,
    headers: HeaderMap,
    Path(id): Path<TrackId>,
) -> Result<Response, ApiError> {
    let track = service.tracks_by_id(&[id]).await?.pop();
    etag::json(&headers, &track.ok_or_else(|| ApiError::not_found("track"))?)
}
