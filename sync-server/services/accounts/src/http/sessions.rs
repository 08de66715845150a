//! Where an account is signed in.

use api::{
    accounts::{SessionList, SessionsRevoked, StepUp, SteppedUp},
    error::Envelope,
};
use axum::{extract::State, http::StatusCode};
use domain::SessionId;
use web::{ApiError, Json, Path, auth::SignedIn, edge::ClientAddress};

use super::Accounts;

/// Where the account is signed in, the latest used first.
#[utoipa::path(
    get,
    path = "/api/v1/sessions",
    operation_id = "session_list",
    tag = "sessions",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "Sessions that live", body = SessionList),
        (status = 401, description = "Nobody is signed in", body = Envelope),
    ),
)]
pub(super) async fn session_list(
    State(service): Accounts,
    SignedIn(claims): SignedIn,
) -> Result<Json<SessionList>, ApiError> {
    Ok(Json(service.sessions(&claims).await?))
}

/// Sign out one device of the account.
#[utoipa::path(
    delete,
    path = "/api/v1/sessions/{session_id}",
    operation_id = "session_revoke",
    tag = "sessions",
    security(("bearer" = [])),
    params(("session_id" = SessionId, Path, description = "Of `session_list`")),
    responses(
        (status = 204, description = "The session has ended"),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 404, description = "The account has no such session", body = Envelope),
    ),
)]
pub(super) async fn session_revoke(
    State(service): Accounts,
    SignedIn(claims): SignedIn,
    Path(id): Path<SessionId>,
) -> Result<StatusCode, ApiError> {
    service.session_revoke(&claims, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sign out everywhere else.
#[utoipa::path(
    delete,
    path = "/api/v1/sessions",
    operation_id = "session_revoke_others",
    tag = "sessions",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "How many sessions have ended", body = SessionsRevoked),
        (status = 401, description = "Nobody is signed in", body = Envelope),
    ),
)]
pub(super) async fn session_revoke_others(
    State(service): Accounts,
    SignedIn(claims): SignedIn,
) -> Result<Json<SessionsRevoked>, ApiError> {
    Ok(Json(service.session_revoke_others(&claims).await?))
}

/// Show again who is signed in, before what an open session must not be enough for: changing
/// credentials, exporting, erasing.
#[utoipa::path(
    post,
    path = "/api/v1/sessions/step-up",
    operation_id = "session_step_up",
    tag = "sessions",
    security(("bearer" = [])),
    request_body = StepUp,
    responses(
        (status = 200, description = "An access token that says so", body = SteppedUp),
        (status = 401, description = "Nobody is signed in, or a code is wanted", body = Envelope),
        (status = 403, description = "The password is not right", body = Envelope),
        (status = 409, description = "The account has no password", body = Envelope),
        (status = 429, description = "Too many attempts", body = Envelope),
    ),
)]
pub(super) async fn session_step_up(
    State(service): Accounts,
    SignedIn(claims): SignedIn,
    from: ClientAddress,
    Json(asked): Json<StepUp>,
) -> Result<Json<SteppedUp>, ApiError> {
    Ok(Json(service.session_step_up(&claims, &asked, from.ip).await?))
}
