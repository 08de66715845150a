//! Strong ETags (RFC 9110, section 8.8.3) for JSON answers.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::ApiError;

/// Answers with `value` and its ETag, or 304 where the client has it already.
///
/// The answer may depend on who asks, so that only the asker's own cache keeps it, and asks
/// again each time.
pub fn json<T: Serialize>(headers: &HeaderMap, value: &T) -> Result<Response, ApiError> {
    let body = serde_json::to_vec(value).map_err(ApiError::internal)?;
    let tag = tag_of(&body);
    let mut response = if matches(headers, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, "application/json")], Body::from(body)).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(header::VARY, HeaderValue::from_static("authorization"));
    if let Ok(tag) = HeaderValue::try_from(tag) {
        headers.insert(header::ETAG, tag);
    }
    Ok(response)
}

/// The ETag of these bytes, quotes included.
pub fn tag_of(body: &[u8]) -> String {
    format!("\"{}\"", &blake3::hash(body).to_hex()[..32])
}

/// Says whether `If-None-Match` names `tag` (weak comparison, RFC 9110, section 13.1.2).
pub fn matches(headers: &HeaderMap, tag: &str) -> bool {
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|candidate| candidate == "*" || candidate.trim_start_matches("W/") == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_tag_is_answered_with_304() {
        let first = json(&HeaderMap::new(), &[1, 2]).unwrap();
        assert_eq!(first.status(), 200);
        let tag = first.headers()[header::ETAG].clone();

        let mut headers = HeaderMap::new();
        headers.insert(header::IF_NONE_MATCH, tag.clone());
        assert_eq!(json(&headers, &[1, 2]).unwrap().status(), 304);
        assert_eq!(json(&headers, &[1, 2]).unwrap().headers()[header::ETAG], tag);
        assert_eq!(json(&headers, &[1, 3]).unwrap().status(), 200);
    }

    #[test]
    fn tags_match_in_lists_and_weakly() {
        let has = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static(value));
            matches(&headers, "\"b\"")
        };
        assert!(has("\"a\", W/\"b\"") && has("*"));
        assert!(!has("\"a\"") && !has("b"));
    }
}
