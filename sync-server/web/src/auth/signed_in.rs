//! Extractors: a handler that names one of these cannot be reached without it.
//!
//! [`Keys`] come from the request's extensions, where the edge puts them.

use std::time::{SystemTime, UNIX_EPOCH};

use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use domain::AccountId;
use serde::Deserialize;

use super::{Claims, Keys};
use crate::{ApiError, Query, signed_url::Signature};

/// Any signed-in listener.
#[derive(Clone, Debug)]
pub struct SignedIn(pub Claims);

/// Someone who showed within [`RECENT_S`] who they are: for what an open session is not enough.
#[derive(Clone, Debug)]
pub struct Recent(pub Claims);

/// How long having shown who one is counts: 10 minutes.
pub const RECENT_S: u64 = 600;

/// What may be left of a signed URL where it is not asked for.
#[derive(Deserialize)]
struct Unsigned {
    #[serde(rename = "expires")]
    _expires: Option<u64>,
    #[serde(rename = "account")]
    _account: Option<String>,
    #[serde(rename = "session")]
    _session: Option<String>,
}

/// A signed-in listener by token, or by a signed URL of this very path.
#[derive(Clone, Copy, Debug)]
pub struct SignedInOrUrl(pub AccountId);

impl<S: Send + Sync> FromRequestParts<S> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let token =
            bearer(parts).ok_or_else(|| ApiError::unauthenticated("Nobody is signed in."))?;
        keys(parts)?.verify(token).map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Recent {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let SignedIn(claims) = SignedIn::from_request_parts(parts, state).await?;
        if claims.authenticated_at_s.saturating_add(RECENT_S) < now_s() {
            return Err(ApiError::step_up_required());
        }
        Ok(Self(claims))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for SignedInOrUrl {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let is_signed = parts.uri.query().is_some_and(|query| query.contains("signature="));
        if parts.headers.contains_key(header::AUTHORIZATION) || !is_signed {
            let SignedIn(claims) = SignedIn::from_request_parts(parts, state).await?;
            // Not needed, but not nonsense either.
            Query::<Unsigned>::from_request_parts(parts, state).await?;
            return Ok(Self(claims.account));
        }
        let Query(given) = Query::<Signature>::from_request_parts(parts, state).await?;
        keys(parts)?.verify_url(parts.uri.path(), &given, now_s()).map(Self)
    }
}

fn keys(parts: &Parts) -> Result<&Keys, ApiError> {
    parts.extensions.get().ok_or_else(|| ApiError::internal("the edge has no keys"))
}

fn bearer(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
