//! Extractors like axum's whose rejections are the envelope, always 4xx.
//!
//! They also refuse what no store takes: text with a NUL (PostgreSQL has no place for it) and
//! percent-encoding that is not UTF-8 (axum would replace it silently in queries).

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use percent_encoding::percent_decode_str;
use serde::{Serialize, de::DeserializeOwned};

use crate::ApiError;

/// Largest body, in bytes: a full batch of plays has about 80 KB. The edge reads no more
/// ([`crate::edge`]).
pub const JSON_BYTES_MAX: usize = 256 * 1024;

/// Largest image, in bytes.
pub const IMAGE_BYTES_MAX: usize = 5 * 1024 * 1024;

/// The file of an image, as it came: whether it is one is found out by decoding it.
#[derive(Clone, Debug)]
pub struct ImageFile(pub Bytes);

/// A JSON body, in and out. What comes in is an object.
#[derive(Clone, Copy, Debug, Default)]
pub struct Json<T>(pub T);

/// The query string.
#[derive(Clone, Copy, Debug, Default)]
pub struct Query<T>(pub T);

/// The parts of the path in braces.
#[derive(Clone, Copy, Debug, Default)]
pub struct Path<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let is_json = is_json(&parts.headers);
        let bytes = axum::body::to_bytes(body, JSON_BYTES_MAX).await;
        let bytes = bytes.map_err(|_| ApiError::body_too_large(JSON_BYTES_MAX))?;
        if !is_json {
            return Err(ApiError::malformed(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "The body is not declared as JSON.",
                "Send `content-type: application/json`.",
            ));
        }
        if has_nul_escape(&bytes) {
            return Err(nul("The body"));
        }
        // A list of values would do for serde, in the order of the fields: nobody's contract.
        if bytes.trim_ascii_start().first() == Some(&b'[') {
            return Err(ApiError::invalid(
                "The body is a list, not an object.",
                "Compare it with /api/docs.",
            ));
        }
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            ApiError::invalid(
                format!("The body does not have the expected form: {error}."),
                "Compare it with /api/docs.",
            )
        })
    }
}

impl<S: Send + Sync> FromRequest<S> for ImageFile {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok());
        if !content_type.is_some_and(|it| it.starts_with("image/")) {
            return Err(ApiError::malformed(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "The body is not declared as an image.",
                "Send `content-type: image/jpeg`, or of which kind it is.",
            ));
        }
        let bytes = axum::body::to_bytes(body, IMAGE_BYTES_MAX).await;
        Ok(Self(bytes.map_err(|_| ApiError::body_too_large(IMAGE_BYTES_MAX))?))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        check_encoding(parts.uri.query().unwrap_or_default(), "The query")?;
        axum::extract::Query::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Query(value)| Self(value))
            .map_err(|rejection| {
                ApiError::invalid(
                    format!("{}.", rejection.body_text()),
                    "Compare the query with /api/docs.",
                )
            })
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        check_encoding(parts.uri.path(), "The path")?;
        axum::extract::Path::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Path(value)| Self(value))
            .map_err(|rejection| {
                ApiError::invalid(
                    format!("{}.", rejection.body_text()),
                    "Compare the path with /api/docs.",
                )
            })
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.and_then(|value| value.split(';').next()).unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

fn check_encoding(text: &str, what: &str) -> Result<(), ApiError> {
    let decoded = percent_decode_str(text).decode_utf8().map_err(|_| {
        ApiError::invalid(
            format!("{what} is not UTF-8 once percent-decoded."),
            "Encode the UTF-8 form of the text.",
        )
    })?;
    if decoded.contains('\0') { Err(nul(what)) } else { Ok(()) }
}

fn nul(what: &str) -> ApiError {
    ApiError::invalid(format!("{what} has a NUL character in it."), "Leave it out.")
}

/// `\u0000` in a JSON string; the backslash must not be escaped itself. (A NUL as a byte is no
/// JSON at all, and the parser says so.)
fn has_nul_escape(json: &[u8]) -> bool {
    let n_before = |at: usize| json[..at].iter().rev().take_while(|b| **b == b'\\').count();
    let mut windows = json.windows(6).enumerate();
    windows.any(|(at, window)| window == b"\\u0000" && n_before(at) % 2 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nul_escapes_are_found_but_not_their_quotation() {
        assert!(has_nul_escape(br#"{"a":"x\u0000"}"#));
        assert!(has_nul_escape(br#"{"a":"\\\u0000"}"#));
        assert!(!has_nul_escape(br#"{"a":"\\u0000"}"#));
        assert!(!has_nul_escape(br#"{"a":"\u0001"}"#));
    }

    #[test]
    fn encoding_must_be_utf8_without_nul() {
        assert!(check_encoding("q=%C3%A4&r=a+b", "q").is_ok());
        assert!(check_encoding("q=%ff", "q").is_err());
        assert!(check_encoding("q=%00", "q").is_err());
    }
}
