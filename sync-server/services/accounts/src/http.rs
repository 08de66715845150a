//! The routes: signing up, in and out here, the rest in the modules below.

mod profile;
mod recovery;
mod sessions;

use std::sync::Arc;

use api::{
    accounts::{Account, AccountCreate, Session, SessionCreate, SessionRefresh},
    error::Envelope,
};
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{ApiError, Json, auth::SignedIn, edge::ClientAddress};

use crate::Service;

/// All routes of this service, with full paths.
pub fn routes(service: Arc<Service>) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(account_create))
        .routes(routes!(account_view))
        .routes(routes!(profile::profile_update))
        .routes(routes!(profile::avatar_put, profile::avatar_delete))
        .routes(routes!(profile::avatar_view))
        .routes(routes!(session_create, sessions::session_list, sessions::session_revoke_others))
        .routes(routes!(session_refresh))
        .routes(routes!(session_delete))
        .routes(routes!(sessions::session_step_up))
        .routes(routes!(sessions::session_revoke))
        .routes(routes!(jwks_view))
        .routes(routes!(recovery::mail_link_page))
        .routes(routes!(recovery::account_verify_email_start))
        .routes(routes!(recovery::account_verify_email))
        .routes(routes!(recovery::password_reset_start))
        .routes(routes!(recovery::password_reset_finish))
        .routes(routes!(recovery::email_change_start))
        .routes(routes!(recovery::email_change_confirm))
        .with_state(service)
}

type Accounts = State<Arc<Service>>;

/// Sign up. The first account of a server becomes its owner.
#[utoipa::path(
    post,
    path = "/api/v1/accounts",
    operation_id = "account_create",
    tag = "accounts",
    request_body = AccountCreate,
    responses(
        (status = 201, description = "The new account", body = Account),
        (status = 400, description = "The address or the password cannot be taken", body = Envelope),
        (status = 409, description = "The address has an account already", body = Envelope),
        (status = 429, description = "Too many attempts", body = Envelope),
    ),
)]
async fn account_create(
    State(service): Accounts,
    from: ClientAddress,
    Json(asked): Json<AccountCreate>,
) -> Result<(StatusCode, Json<Account>), ApiError> {
    Ok((StatusCode::CREATED, Json(service.account_create(asked, from.ip).await?)))
}

/// The account that is signed in.
#[utoipa::path(
    get,
    path = "/api/v1/accounts/me",
    operation_id = "account_view",
    tag = "accounts",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The account", body = Account),
        (status = 401, description = "Nobody is signed in", body = Envelope),
    ),
)]
async fn account_view(
    State(service): Accounts,
    SignedIn(claims): SignedIn,
) -> Result<Json<Account>, ApiError> {
    Ok(Json(service.account(claims.account).await?))
}

/// Sign in on one device.
#[utoipa::path(
    post,
    path = "/api/v1/sessions",
    operation_id = "session_create",
    tag = "sessions",
    request_body = SessionCreate,
    responses(
        (status = 201, description = "The session and its tokens", body = Session),
        (status = 401, description = "Email and password do not match, or a code is wanted", body = Envelope),
        (status = 429, description = "Too many attempts", body = Envelope),
    ),
)]
async fn session_create(
    State(service): Accounts,
    from: ClientAddress,
    Json(asked): Json<SessionCreate>,
) -> Result<(StatusCode, Json<Session>), ApiError> {
    Ok((StatusCode::CREATED, Json(service.session_create(asked, from.ip).await?)))
}

/// Trade a refresh token for the next one and a fresh access token. Each is good once; using an
/// old one again ends the session.
#[utoipa::path(
    post,
    path = "/api/v1/sessions/refresh",
    operation_id = "session_refresh",
    tag = "sessions",
    request_body = SessionRefresh,
    responses(
        (status = 200, description = "The session and its next tokens", body = Session),
        (status = 401, description = "The session has ended", body = Envelope),
        (status = 429, description = "Too many attempts", body = Envelope),
    ),
)]
async fn session_refresh(
    State(service): Accounts,
    from: ClientAddress,
    Json(asked): Json<SessionRefresh>,
) -> Result<Json<Session>, ApiError> {
    Ok(Json(service.session_refresh(&asked, from.ip).await?))
}

/// Sign out: end the session of the access token.
#[utoipa::path(
    delete,
    path = "/api/v1/sessions/current",
    operation_id = "session_delete",
    tag = "sessions",
    security(("bearer" = [])),
    responses(
        (status = 204, description = "Signed out"),
        (status = 401, description = "Nobody is signed in", body = Envelope),
    ),
)]
async fn session_delete(
    State(service): Accounts,
    SignedIn(claims): SignedIn,
) -> Result<StatusCode, ApiError> {
    service.session_delete(&claims).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The public keys that verify access tokens (RFC 7517).
#[utoipa::path(
    get,
    path = "/api/v1/jwks.json",
    operation_id = "jwks_view",
    tag = "sessions",
    responses((status = 200, description = "A JWK set of Ed25519 keys", body = Object)),
)]
async fn jwks_view(State(service): Accounts) -> Response {
    let cache = [(header::CACHE_CONTROL, "public, max-age=300")];
    (cache, Json(service.keys().jwks())).into_response()
}
