//! What keeps one request from harming the others.

use std::{any::Any, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::Response,
};
use futures::FutureExt as _;
use tokio::{sync::Semaphore, time::timeout};

use super::{Settings, Streamed, address::IsBehindProxy, body};
use crate::{ApiError, auth::Keys};

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

/// What requests are held to, and what all of them are told.
pub(super) struct Guard {
    keys: Keys,
    is_behind_proxy: IsBehindProxy,
    streamed: Vec<Streamed>,
    at_work: Semaphore,
    timeout: Duration,
}

impl Guard {
    pub(super) fn new(keys: Keys, settings: &Settings) -> Self {
        Self {
            keys,
            is_behind_proxy: IsBehindProxy(settings.is_behind_proxy),
            streamed: settings.streamed.clone(),
            at_work: Semaphore::new(settings.limits.n_requests_max),
            timeout: settings.limits.request_timeout,
        }
    }

    /// Passes a request on with its body read, within the bounds.
    async fn pass(&self, request: Request, next: Next) -> Result<Response, ApiError> {
        check_length_of_uri(&request)?;
        if self.is_streamed(&request) {
            let pass = |request| async move { Ok(next.run(self.equipped(request)).await) };
            return body::lend(request, pass).await;
        }
        // An image keeps its place until the answer is there.
        let (request, _place) = body::read(request).await?;
        self.bound(request, next).await
    }

    fn is_streamed(&self, request: &Request) -> bool {
        let Some(path) = request.extensions().get::<MatchedPath>() else { return false };
        let (method, path) = (request.method(), path.as_str());
        self.streamed.iter().any(|streamed| streamed.0 == method && streamed.1 == path)
    }

    /// Bounds the number of requests at work and their time. Routes that read their bodies
    /// themselves have bounds of their own.
    async fn bound(&self, request: Request, next: Next) -> Result<Response, ApiError> {
        let Ok(Ok(_at_work)) = timeout(QUEUE_TIMEOUT, self.at_work.acquire()).await else {
            return Err(ApiError::unavailable("The server has too much to do at the moment.", 2));
        };
        timeout(self.timeout, next.run(self.equipped(request))).await.map_err(|_| {
            tracing::error!(timeout_s = self.timeout.as_secs(), "request took too long");
            ApiError::unavailable("The answer took too long.", 5)
        })
    }

    /// With what extractors need of the edge.
    fn equipped(&self, mut request: Request) -> Request {
        request.extensions_mut().insert(self.keys.clone());
        request.extensions_mut().insert(self.is_behind_proxy);
        request
    }
}

fn check_length_of_uri(request: &Request) -> Result<(), ApiError> {
    if request.uri().path_and_query().is_some_and(|uri| uri.as_str().len() > URI_BYTES_MAX) {
        return Err(ApiError::malformed(
            StatusCode::URI_TOO_LONG,
            format!("The address is longer than {URI_BYTES_MAX} bytes."),
            "Ask for less at once.",
        ));
    }
    Ok(())
}

/// Passes a request on with its body read, within the bounds. A bug in one handler is one answer
/// with 500, not a connection that breaks.
pub(super) async fn guard(
    State(guard): State<Arc<Guard>>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    AssertUnwindSafe(guard.pass(request, next))
        .catch_unwind()
        .await
        .unwrap_or_else(|panic| Err(ApiError::internal(format!("panic: {}", words(&*panic)))))
}

/// Puts the security headers on an answer that lacks them.
pub(super) fn secure(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without words")
}
