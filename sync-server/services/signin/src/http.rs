//! The routes: what is on offer and the code here, the rest in the modules below.

mod identities;
mod oidc;
mod pages;
mod passkeys;

use std::{convert::Infallible, sync::Arc};

use api::{
    accounts::Session,
    error::Envelope,
    sign_in::{SessionFromCode, SignInOptions},
};
use axum::{
    extract::{FromRequestParts, State},
    http::{StatusCode, request::Parts},
};
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{
    ApiError, Json,
    auth::{Claims, Recent},
    edge::ClientAddress,
};

use crate::Service;

/// All routes of this service, with full paths.
pub fn routes(service: Arc<Service>) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(sign_in_options))
        .routes(routes!(pages::sign_in_page))
        .routes(routes!(pages::passkey_page))
        .routes(routes!(oidc::oidc_start))
        .routes(routes!(oidc::oidc_finish))
        .routes(routes!(session_from_code))
        .routes(routes!(identities::identity_list))
        .routes(routes!(identities::identity_unlink))
        .routes(routes!(passkeys::passkey_list))
        .routes(routes!(passkeys::passkey_ticket))
        .routes(routes!(passkeys::passkey_register_start))
        .routes(routes!(passkeys::passkey_register_finish))
        .routes(routes!(passkeys::passkey_delete))
        .routes(routes!(passkeys::passkey_sign_in_start))
        .routes(routes!(passkeys::passkey_sign_in_finish))
        .with_state(service)
}

type SignIns = State<Arc<Service>>;

/// Who is signed in and showed just now who they are; to be asked for where it matters.
struct PerhapsRecent(Result<Claims, ApiError>);

impl<S: Send + Sync> FromRequestParts<S> for PerhapsRecent {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let recent = Recent::from_request_parts(parts, state).await;
        Ok(Self(recent.map(|Recent(claims)| claims)))
    }
}

/// What there is to sign in with, beside a password.
#[utoipa::path(
    get,
    path = "/api/v1/sign-in",
    operation_id = "sign_in_options",
    tag = "sign-in",
    responses((status = 200, description = "Providers, and the page for passkeys", body = SignInOptions)),
)]
async fn sign_in_options(State(service): SignIns) -> Json<SignInOptions> {
    Json(service.options())
}

/// Trade the code that came to the app's loopback address for a session. Good once, for a minute,
/// and for the app that began. Where a provider was to be linked, it is linked by this.
#[utoipa::path(
    post,
    path = "/api/v1/sessions/code",
    operation_id = "session_from_code",
    tag = "sign-in",
    request_body = SessionFromCode,
    responses(
        (status = 201, description = "The session and its tokens", body = Session),
        (status = 400, description = "The code is not good", body = Envelope),
        (status = 409, description = "The provider was linked elsewhere meanwhile", body = Envelope),
        (status = 429, description = "Too many attempts", body = Envelope),
    ),
)]
async fn session_from_code(
    State(service): SignIns,
    from: ClientAddress,
    Json(asked): Json<SessionFromCode>,
) -> Result<(StatusCode, Json<Session>), ApiError> {
    Ok((StatusCode::CREATED, Json(service.session_from_code(asked, from.ip).await?)))
}
