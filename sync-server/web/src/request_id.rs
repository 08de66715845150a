//! The id of the request at hand: in the log, in the `x-request-id` header, in the envelope.

use axum::http::HeaderMap;
use uuid::Uuid;

pub const HEADER: &str = "x-request-id";

tokio::task_local! {
    static CURRENT: Uuid;
}

/// The one a proxy in front gave, where it is a UUID, or a new random one.
pub fn of(headers: &HeaderMap) -> Uuid {
    headers
        .get(HEADER)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| Uuid::try_parse(text).ok())
        .unwrap_or_else(random)
}

pub(crate) fn random() -> Uuid {
    uuid::Builder::from_random_bytes(rand::random()).into_uuid()
}

/// Answers `request`, during which [`current`] is `id`.
pub async fn scope<F: Future>(id: Uuid, request: F) -> F::Output {
    CURRENT.scope(id, request).await
}

/// The id of the request that this task answers; empty outside of one.
pub fn current() -> String {
    CURRENT.try_with(ToString::to_string).unwrap_or_default()
}
