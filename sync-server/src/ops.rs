//! What those who run the service ask of it: is it alive, is it ready, how is it doing; and
//! the documentation.

use std::sync::{Arc, OnceLock};

use api::error::Envelope;
use axum::{
    extract::{FromRequestParts as _, Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use engine_sql::Db;
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{
    ApiError, Json,
    auth::{May, ReadMetrics},
    edge::ClientAddress,
};

/// The page shows `openapi.json` and loads nothing from elsewhere.
const DOCS_PAGE: &str = include_str!("ops/docs.html");

/// The page is one file: its own script and style, and calls to its own server.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; \
     style-src 'unsafe-inline'; connect-src 'self'; img-src data:; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'";

/// What these routes look at.
pub struct Ops {
    pub db: Db,
    /// Absent where nothing is measured, such as when only the document is printed.
    pub metrics: Option<PrometheusHandle>,
    /// The document of all routes, these included; set once they are all known.
    pub document: OnceLock<Arc<str>>,
}

/// `root_view`, `docs_view`, `openapi_view`, `health_view`, `ready_view`, `metrics_view`.
pub fn routes(ops: Arc<Ops>) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(root_view))
        .routes(routes!(docs_view))
        .routes(routes!(openapi_view))
        .routes(routes!(health_view))
        .routes(routes!(ready_view))
        .routes(routes!(metrics_view))
        .with_state(ops)
}

/// How the service is.
#[derive(Serialize, ToSchema)]
struct Health {
    /// `ok`
    status: &'static str,
    version: &'static str,
}

const OK: Health = Health { status: "ok", version: env!("CARGO_PKG_VERSION") };

/// Is it alive? Answers as long as the process takes requests.
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "health_view",
    tag = "operation",
    responses((status = 200, description = "It is", body = Health)),
)]
async fn health_view() -> Json<Health> {
    Json(OK)
}

/// Can it do its work? Asks the database.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "ready_view",
    tag = "operation",
    responses(
        (status = 200, description = "It can", body = Health),
        (status = 503, description = "The database does not answer", body = Envelope),
    ),
)]
async fn ready_view(State(ops): State<Arc<Ops>>) -> Result<Json<Health>, ApiError> {
    ops.db.ping().await.map_err(|error| {
        tracing::error!(error = web::error::chain(&error), "the database does not answer");
        ApiError::unavailable("The database does not answer.", 5)
    })?;
    Ok(Json(OK))
}

/// Metrics for Prometheus, with a latency histogram per operation. For callers on the same
/// machine and not through a proxy, or with the token of an owner or an engineer.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "metrics_view",
    tag = "operation",
    security((), ("bearer" = [])),
    responses(
        (status = 200, description = "Prometheus text", body = String, content_type = "text/plain"),
        (status = 401, description = "From elsewhere, without a token", body = Envelope),
        (status = 403, description = "Neither an owner nor an engineer", body = Envelope),
    ),
)]
async fn metrics_view(
    State(ops): State<Arc<Ops>>,
    from: ClientAddress,
    request: Request,
) -> Result<Response, ApiError> {
    if !from.is_local() || request.headers().contains_key(header::AUTHORIZATION) {
        May::<ReadMetrics>::from_request_parts(&mut request.into_parts().0, &()).await?;
    }
    let metrics = ops.metrics.as_ref();
    let metrics = metrics.ok_or_else(|| ApiError::unavailable("Nothing is measured.", 60))?;
    let text = metrics.render();
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}

/// Where to start reading.
#[utoipa::path(
    get,
    path = "/",
    operation_id = "root_view",
    tag = "operation",
    responses((status = 307, description = "To the documentation")),
)]
async fn root_view() -> Redirect {
    Redirect::temporary("/api/docs")
}

/// This documentation, as a page.
#[utoipa::path(
    get,
    path = "/api/docs",
    operation_id = "docs_view",
    tag = "operation",
    responses((status = 200, description = "A page", body = String, content_type = "text/html")),
)]
async fn docs_view() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, DOCS_POLICY),
    ];
    (headers, DOCS_PAGE).into_response()
}

/// This documentation, for programs.
#[utoipa::path(
    get,
    path = "/api/openapi.json",
    operation_id = "openapi_view",
    tag = "operation",
    responses((status = 200, description = "An OpenAPI 3.1 document", body = Object)),
)]
async fn openapi_view(State(ops): State<Arc<Ops>>, headers: HeaderMap) -> Response {
    let document = ops.document.get().cloned().unwrap_or_default();
    let tag = web::etag::tag_of(document.as_bytes());
    if web::etag::matches(&headers, &tag) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response();
    }
    let content_type = (header::CONTENT_TYPE, "application/json".to_owned());
    ([content_type, (header::ETAG, tag)], document.to_string()).into_response()
}
