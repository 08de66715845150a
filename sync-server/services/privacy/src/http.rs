//! The routes: what persons do about their own data here and below, and the compliance area.

mod cases;
mod exports;

use std::sync::Arc;

use api::{
    error::Envelope,
    privacy::{ConsentUpdate, ConsentView, ErasureView, PrivacyView, RestrictionUpdate},
};
use axum::{extract::State, http::StatusCode};
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{
    ApiError, Json,
    auth::{Recent, SignedIn},
};

use crate::Service;

/// All routes of this service, with full paths.
pub fn routes(service: Arc<Service>) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(privacy_view))
        .routes(routes!(consent_update))
        .routes(routes!(restriction_update))
        .routes(routes!(exports::subject_export))
        .routes(routes!(exports::subject_export_view))
        .routes(routes!(exports::subject_export_file))
        .routes(routes!(subject_erase, subject_erase_cancel))
        .routes(routes!(cases::case_list, cases::case_create))
        .routes(routes!(cases::case_view, cases::case_update))
        .routes(routes!(cases::case_subject_view))
        .routes(routes!(cases::retention_view))
        .with_state(service)
}

type Privacy = State<Arc<Service>>;

/// What is held about the account, what it agreed to, and what is under way.
#[utoipa::path(
    get,
    path = "/api/v1/privacy",
    operation_id = "privacy_view",
    tag = "privacy",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "All of it", body = PrivacyView),
        (status = 401, description = "Nobody is signed in", body = Envelope),
    ),
)]
async fn privacy_view(
    State(service): Privacy,
    SignedIn(claims): SignedIn,
) -> Result<Json<PrivacyView>, ApiError> {
    Ok(Json(service.privacy(claims.account).await?))
}

/// Agree to something, or take that back.
#[utoipa::path(
    post,
    path = "/api/v1/privacy/consents",
    operation_id = "consent_update",
    tag = "privacy",
    security(("bearer" = [])),
    request_body = ConsentUpdate,
    responses(
        (status = 200, description = "It as it is now", body = ConsentView),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 404, description = "There is no such purpose", body = Envelope),
        (status = 409, description = "The text has changed since that version", body = Envelope),
        (status = 429, description = "Too many answers", body = Envelope),
    ),
)]
async fn consent_update(
    State(service): Privacy,
    SignedIn(claims): SignedIn,
    Json(asked): Json<ConsentUpdate>,
) -> Result<Json<ConsentView>, ApiError> {
    Ok(Json(service.consent_update(claims.account, &asked).await?))
}

/// Have the data of the account kept and not used (GDPR, article 18), or end that.
///
/// While it is so, what is played is neither recorded nor counted (`play_report`), nothing of it goes
/// by its age, and the only mails are those that the person asks for or that are about the safety of
/// the account. Exports and erasures go on as they are asked for. It begins and ends at once;
/// processes that run apart follow within seconds.
#[utoipa::path(
    post,
    path = "/api/v1/privacy/restriction",
    operation_id = "restriction_update",
    tag = "privacy",
    security(("bearer" = [])),
    request_body = RestrictionUpdate,
    responses(
        (status = 204, description = "It is so"),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 429, description = "Too many changes", body = Envelope),
    ),
)]
async fn restriction_update(
    State(service): Privacy,
    SignedIn(claims): SignedIn,
    Json(asked): Json<RestrictionUpdate>,
) -> Result<StatusCode, ApiError> {
    service.restrict(claims.account, asked.is_restricted).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Have everything about the account erased, after a time in which it can be taken back.
#[utoipa::path(
    post,
    path = "/api/v1/privacy/erasure",
    operation_id = "subject_erase",
    tag = "privacy",
    security(("bearer" = [])),
    responses(
        (status = 202, description = "It will be, unless it is taken back", body = ErasureView),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 403, description = "Show again who you are: `step_up_required`", body = Envelope),
        (status = 409, description = "The account is the last owner of the server", body = Envelope),
    ),
)]
async fn subject_erase(
    State(service): Privacy,
    Recent(claims): Recent,
) -> Result<(StatusCode, Json<ErasureView>), ApiError> {
    let erasure = service.erasure_create(claims.account, claims.account).await?;
    Ok((StatusCode::ACCEPTED, Json(erasure)))
}

/// Take the erasure back.
#[utoipa::path(
    delete,
    path = "/api/v1/privacy/erasure",
    operation_id = "subject_erase_cancel",
    tag = "privacy",
    security(("bearer" = [])),
    responses(
        (status = 204, description = "Nothing will be erased"),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 404, description = "None waits", body = Envelope),
    ),
)]
async fn subject_erase_cancel(
    State(service): Privacy,
    SignedIn(claims): SignedIn,
) -> Result<StatusCode, ApiError> {
    service.erasure_cancel(claims.account).await?;
    Ok(StatusCode::NO_CONTENT)
}
