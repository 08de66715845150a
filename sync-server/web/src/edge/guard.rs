//! What keeps one request from harming the others.

use std::{any::Any, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use futures::FutureExt as _;
use tokio::sync::Semaphore;

use super::Limits;
use crate::ApiError;

/// How long a request waits for others to finish before it is told to come back.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(2);

/// Path and query of a request: far above any of ours.
const URI_BYTES_MAX: usize = 32 * 1024;

/// On every answer that does not set its own. There is no page here but the documentation,
/// which names what it needs.
pub(super) const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
];

pub(super) struct Bounds {
    at_work: Semaphore,
    timeout: Duration,
}

impl Bounds {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { at_work: Semaphore::new(limits.n_requests_max), timeout: limits.request_timeout }
    }
}

/// Bounds the number of requests at work, their time, and the length of their address.
pub(super) async fn bound(
    State(bounds): State<Arc<Bounds>>,
    request: Request,
    next: Next,
) -> Response {
    if request.uri().path_and_query().is_some_and(|uri| uri.as_str().len() > URI_BYTES_MAX) {
        return ApiError::malformed(
            StatusCode::URI_TOO_LONG,
            format!("The address is longer than {URI_BYTES_MAX} bytes."),
            "Ask for less at once.",
        )
        .into_response();
    }
    let Ok(Ok(_at_work)) = tokio::time::timeout(QUEUE_TIMEOUT, bounds.at_work.acquire()).await
    else {
        return ApiError::unavailable("The server has too much to do at the moment.", 2)
            .into_response();
    };
    if let Ok(response) = tokio::time::timeout(bounds.timeout, next.run(request)).await {
        return response;
    }
    tracing::error!(timeout_s = bounds.timeout.as_secs(), "request took too long");
    ApiError::unavailable("The answer took too long.", 5).into_response()
}

/// A bug in one handler is one answer with 500, not a connection that breaks.
pub(super) async fn catch_panic(request: Request, next: Next) -> Response {
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(panic) => ApiError::internal(format!("panic: {}", words(&*panic))).into_response(),
    }
}

pub(super) async fn security_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without words")
}
