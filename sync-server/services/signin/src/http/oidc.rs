//! To a provider, and back from it.

use api::{
    error::Envelope,
    sign_in::{OidcIntent, OidcStart, OidcStarted},
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use web::{ApiError, Json, Path, Query, edge::ClientAddress};

use super::{PerhapsRecent, SignIns, pages};
use crate::service::Callback;

/// Begin to sign in at a provider, or to link it to the account that is signed in.
#[utoipa::path(
    post,
    path = "/api/v1/oidc/{provider}/start",
    operation_id = "oidc_start",
    tag = "sign-in",
    security((), ("bearer" = [])),
    params(("provider" = String, Path, description = "Its id")),
    request_body = OidcStart,
    responses(
        (status = 200, description = "What to open in the system browser", body = OidcStarted),
        (status = 400, description = "The loopback address cannot be used", body = Envelope),
        (status = 401, description = "To link, someone has to be signed in", body = Envelope),
        (status = 403, description = "To link, show again who you are", body = Envelope),
        (status = 404, description = "There is no such provider", body = Envelope),
        (status = 409, description = "To link, confirm your address first", body = Envelope),
        (status = 429, description = "Too many attempts", body = Envelope),
        (status = 503, description = "The provider does not answer", body = Envelope),
    ),
)]
pub(super) async fn oidc_start(
    State(service): SignIns,
    from: ClientAddress,
    PerhapsRecent(recent): PerhapsRecent,
    Path(provider): Path<String>,
    Json(asked): Json<OidcStart>,
) -> Result<Json<OidcStarted>, ApiError> {
    let account = match asked.intent {
        OidcIntent::SignIn => None,
        OidcIntent::Link => Some(recent?.account),
    };
    Ok(Json(service.oidc_start(&provider, asked, account, from.ip).await?))
}

/// What else a provider adds is passed over.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Redirected {
    /// For the ID token.
    code: Option<String>,
    /// Of the sign-in that has begun.
    state: Option<String>,
    /// Who answers (RFC 9207).
    iss: Option<String>,
    /// Why there is no code, such as `access_denied`.
    error: Option<String>,
}

/// Where a provider sends the browser back to: it goes on to the app, with a code or a word about
/// why there is none (`access_denied`, `unverified_email`, `account_exists`, `already_linked`,
/// `provider_failed`, `server_error`).
#[utoipa::path(
    get,
    path = "/api/v1/oidc/{provider}/callback",
    operation_id = "oidc_finish",
    tag = "sign-in",
    params(("provider" = String, Path, description = "Its id"), Redirected),
    responses(
        (status = 303, description = "On to the app's loopback address"),
        (status = 400, description = "No such sign-in has begun, or it is over; a page for browsers", body = Envelope),
        (status = 429, description = "Too many attempts; a page for browsers", body = Envelope),
    ),
)]
pub(super) async fn oidc_finish(
    State(service): SignIns,
    from: ClientAddress,
    headers: HeaderMap,
    provider: Result<Path<String>, ApiError>,
    query: Result<Query<Redirected>, ApiError>,
) -> Response {
    let finished = async {
        let (Path(provider), Query(redirected)) = (provider?, query?);
        let Redirected { code, state, iss, error } = redirected;
        let callback = Callback { code, state, iss, error };
        Ok::<_, ApiError>(service.oidc_finish(&provider, callback, from.ip).await?)
    };
    match finished.await {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(error) => pages::trouble(&headers, error),
    }
}
