//! Routes of search.

#![allow(unused_qualifications, reason = "in what utoipa makes of a handler's arguments")]

use std::sync::Arc;

use api::{error::Envelope, search::SearchAnswer};
use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{
    ApiError, Json, Query,
    auth::{May, RebuildSearch, SignedIn},
};

use crate::{Error, Service};

const LIMIT_DEFAULT: u32 = 20;
const LIMIT_MAX: u32 = 50;

/// `search`, `search_rebuild`.
pub fn routes(service: Arc<Service>) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(search)).routes(routes!(search_rebuild)).with_state(service)
}

/// Query of `search`.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct SearchQuery {
    /// What was typed so far. Only its first 200 characters are looked at; nothing typed finds
    /// nothing.
    q: String,
    /// Most hits of each kind; 20 where absent.
    #[param(minimum = 1, maximum = 50)]
    limit: Option<u32>,
}

/// Search tracks, artists and releases.
///
/// Finds words as they are typed, in any order, without regard to case and diacritics, and
/// forgives slips.
#[utoipa::path(
    get,
    path = "/api/v1/search",
    operation_id = "search",
    tag = "search",
    params(SearchQuery),
    responses(
        (status = 200, description = "What was found, best first", body = SearchAnswer),
        (status = 400, description = "No `q`, or a bad limit", body = Envelope),
        (status = 401, description = "Nobody is signed in", body = Envelope),
    ),
    security(("bearer" = [])),
)]
async fn search(
    State(service): State<Arc<Service>>,
    _listener: SignedIn,
    Query(params): Query<SearchQuery>,
) -> Result<Json<SearchAnswer>, ApiError> {
    let limit = params.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        return Err(ApiError::invalid(
            format!("The limit {limit} is out of range."),
            format!("Ask for 1 to {LIMIT_MAX} hits of each kind."),
        ));
    }
    Ok(Json(service.search(&params.q, limit as usize).await?))
}

/// Make the search index anew from the catalog.
///
/// Runs in the background; the present index goes on answering until the new one takes over.
#[utoipa::path(
    post,
    path = "/api/v1/search/rebuild",
    operation_id = "search_rebuild",
    tag = "search",
    responses(
        (status = 202, description = "The rebuild has started"),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 403, description = "Not an owner", body = Envelope),
        (status = 409, description = "A rebuild is already running", body = Envelope),
    ),
    security(("bearer" = [])),
)]
async fn search_rebuild(
    State(service): State<Arc<Service>>,
    _: May<RebuildSearch>,
) -> Result<StatusCode, ApiError> {
    service.rebuild_start()?;
    Ok(StatusCode::ACCEPTED)
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Index(engine_search::Error::RebuildRunning) => Self::conflict(
                "The search index is being rebuilt already.",
                "Wait for it to end; the log says when.",
            ),
            error => Self::internal(error),
        }
    }
}
