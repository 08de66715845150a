//! The routes.

use std::sync::Arc;

use api::{
    error::Envelope,
    mfa::{MfaView, RecoveryCodes, TotpConfirm, TotpDisable, TotpSecret, TotpStart},
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
        .routes(routes!(mfa_view))
        .routes(routes!(mfa_totp_start))
        .routes(routes!(mfa_totp_confirm))
        .routes(routes!(mfa_totp_disable))
        .routes(routes!(mfa_passkey_enable, mfa_passkey_disable))
        .routes(routes!(mfa_recovery_renew))
        .with_state(service)
}

type SecondFactor = State<Arc<Service>>;

/// What the account has as a second factor.
#[utoipa::path(
    get,
    path = "/api/v1/mfa",
    operation_id = "mfa_view",
    tag = "mfa",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "What is set up", body = MfaView),
        (status = 401, description = "Nobody is signed in", body = Envelope),
    ),
)]
async fn mfa_view(
    State(service): SecondFactor,
    SignedIn(claims): SignedIn,
) -> Result<Json<MfaView>, ApiError> {
    Ok(Json(service.mfa(claims.account).await?))
}

/// Begin with an authenticator app: the secret for it. Nothing is on before it is confirmed.
#[utoipa::path(
    post,
    path = "/api/v1/mfa/totp",
    operation_id = "mfa_totp_start",
    tag = "mfa",
    security(("bearer" = [])),
    request_body = TotpStart,
    responses(
        (status = 200, description = "The secret, for the app", body = TotpSecret),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 403, description = "Not shown just now who one is", body = Envelope),
        (status = 409, description = "It is on already", body = Envelope),
        (status = 429, description = "Too many attempts", body = Envelope),
    ),
)]
async fn mfa_totp_start(
    State(service): SecondFactor,
    Recent(claims): Recent,
    Json(asked): Json<TotpStart>,
) -> Result<Json<TotpSecret>, ApiError> {
    Ok(Json(service.totp_start(&claims, &asked).await?))
}

/// Turn the app on with its first code. The recovery codes are shown once; where the account has
/// some already, they stay, and none are shown.
#[utoipa::path(
    post,
    path = "/api/v1/mfa/totp/confirm",
    operation_id = "mfa_totp_confirm",
    tag = "mfa",
    security(("bearer" = [])),
    request_body = TotpConfirm,
    responses(
        (status = 200, description = "Recovery codes, for a safe place", body = RecoveryCodes),
        (status = 400, description = "The code is not right", body = Envelope),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 409, description = "It was not begun, or is on already", body = Envelope),
        (status = 429, description = "Too many attempts", body = Envelope),
    ),
)]
async fn mfa_totp_confirm(
    State(service): SecondFactor,
    SignedIn(claims): SignedIn,
    Json(asked): Json<TotpConfirm>,
) -> Result<Json<RecoveryCodes>, ApiError> {
    Ok(Json(service.totp_confirm(&claims, &asked).await?))
}

/// Turn the app off. With the last method of the second factor go the recovery codes.
#[utoipa::path(
    post,
    path = "/api/v1/mfa/totp/disable",
    operation_id = "mfa_totp_disable",
    tag = "mfa",
    security(("bearer" = [])),
    request_body = TotpDisable,
    responses(
        (status = 204, description = "It is off"),
        (status = 401, description = "Nobody is signed in, or the code is not right", body = Envelope),
        (status = 403, description = "Not shown just now who one is", body = Envelope),
        (status = 409, description = "It is off already", body = Envelope),
        (status = 429, description = "Too many attempts", body = Envelope),
    ),
)]
async fn mfa_totp_disable(
    State(service): SecondFactor,
    Recent(claims): Recent,
    Json(asked): Json<TotpDisable>,
) -> Result<StatusCode, ApiError> {
    service.totp_disable(&claims, &asked).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ask for a passkey after the password from now on. The recovery codes are shown once; where the
/// account has some already, they stay, and none are shown.
#[utoipa::path(
    post,
    path = "/api/v1/mfa/passkey",
    operation_id = "mfa_passkey_enable",
    tag = "mfa",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "Recovery codes, for a safe place", body = RecoveryCodes),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 403, description = "Not shown just now who one is", body = Envelope),
        (status = 409, description = "There is no passkey, or it is on already", body = Envelope),
    ),
)]
async fn mfa_passkey_enable(
    State(service): SecondFactor,
    Recent(claims): Recent,
) -> Result<Json<RecoveryCodes>, ApiError> {
    Ok(Json(service.passkey_enable(&claims).await?))
}

/// Ask for it no longer. With the last method of the second factor go the recovery codes.
#[utoipa::path(
    delete,
    path = "/api/v1/mfa/passkey",
    operation_id = "mfa_passkey_disable",
    tag = "mfa",
    security(("bearer" = [])),
    responses(
        (status = 204, description = "It is off"),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 403, description = "Not shown just now who one is", body = Envelope),
        (status = 409, description = "It is off already", body = Envelope),
    ),
)]
async fn mfa_passkey_disable(
    State(service): SecondFactor,
    Recent(claims): Recent,
) -> Result<StatusCode, ApiError> {
    service.passkey_disable(&claims).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Put new recovery codes in the place of those that are left. They are shown once.
#[utoipa::path(
    post,
    path = "/api/v1/mfa/recovery",
    operation_id = "mfa_recovery_renew",
    tag = "mfa",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "Recovery codes, for a safe place", body = RecoveryCodes),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 403, description = "Not shown just now who one is", body = Envelope),
        (status = 409, description = "There is no second factor", body = Envelope),
    ),
)]
async fn mfa_recovery_renew(
    State(service): SecondFactor,
    Recent(claims): Recent,
) -> Result<Json<RecoveryCodes>, ApiError> {
    Ok(Json(service.recovery_renew(&claims).await?))
}
