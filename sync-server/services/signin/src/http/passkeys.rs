//! Passkeys: making, listing, deleting, and signing in with one.

use api::{
    error::Envelope,
    sign_in::{
        Loopback, PasskeyChallenge, PasskeyList, PasskeyRegisterFinish, PasskeyRegisterStart,
        PasskeySignInFinish, PasskeySignedIn, PasskeyTicket,
    },
};
use axum::{extract::State, http::StatusCode};
use domain::ids::PasskeyId;
use web::{
    ApiError, Json, Path,
    auth::{Recent, SignedIn},
    edge::ClientAddress,
};

use super::SignIns;

/// Passkeys of the account.
#[utoipa::path(
    get,
    path = "/api/v1/passkeys",
    operation_id = "passkey_list",
    tag = "passkeys",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The oldest first", body = PasskeyList),
        (status = 401, description = "Nobody is signed in", body = Envelope),
    ),
)]
pub(super) async fn passkey_list(
    State(service): SignIns,
    SignedIn(claims): SignedIn,
) -> Result<Json<PasskeyList>, ApiError> {
    Ok(Json(service.passkeys(claims.account).await?))
}

/// The page on which a passkey is made, for the system browser.
#[utoipa::path(
    post,
    path = "/api/v1/passkeys/ticket",
    operation_id = "passkey_ticket",
    tag = "passkeys",
    security(("bearer" = [])),
    responses(
        (status = 201, description = "What to open, within ten minutes", body = PasskeyTicket),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 403, description = "Show again who you are", body = Envelope),
        (status = 409, description = "Confirm your address first", body = Envelope),
        (status = 429, description = "Too many attempts", body = Envelope),
    ),
)]
pub(super) async fn passkey_ticket(
    State(service): SignIns,
    Recent(claims): Recent,
) -> Result<(StatusCode, Json<PasskeyTicket>), ApiError> {
    Ok((StatusCode::CREATED, Json(service.passkey_ticket(claims.account).await?)))
}

/// Begin to make a passkey, on the page that a ticket opened.
#[utoipa::path(
    post,
    path = "/api/v1/passkeys/start",
    operation_id = "passkey_register_start",
    tag = "passkeys",
    request_body = PasskeyRegisterStart,
    responses(
        (status = 200, description = "What `navigator.credentials.create` takes", body = PasskeyChallenge),
        (status = 400, description = "The ticket is not good any more", body = Envelope),
        (status = 409, description = "The account has as many as it may", body = Envelope),
        (status = 429, description = "Too many attempts", body = Envelope),
    ),
)]
pub(super) async fn passkey_register_start(
    State(service): SignIns,
    from: ClientAddress,
    Json(asked): Json<PasskeyRegisterStart>,
) -> Result<Json<PasskeyChallenge>, ApiError> {
    Ok(Json(service.passkey_register_start(&asked.ticket, from.ip).await?))
}

/// Keep the passkey that an authenticator made. Good once, within five minutes.
#[utoipa::path(
    post,
    path = "/api/v1/passkeys/finish",
    operation_id = "passkey_register_finish",
    tag = "passkeys",
    request_body = PasskeyRegisterFinish,
    responses(
        (status = 204, description = "The account has the passkey"),
        (status = 400, description = "It cannot be verified, or took too long", body = Envelope),
        (status = 409, description = "It is there already, or there are too many", body = Envelope),
        (status = 429, description = "Too many attempts", body = Envelope),
    ),
)]
pub(super) async fn passkey_register_finish(
    State(service): SignIns,
    from: ClientAddress,
    Json(asked): Json<PasskeyRegisterFinish>,
) -> Result<StatusCode, ApiError> {
    service.passkey_register_finish(&asked, from.ip).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Delete a passkey, unless nothing is left to sign in with then, or a passkey is the second factor
/// and this is the last one.
#[utoipa::path(
    delete,
    path = "/api/v1/passkeys/{passkey_id}",
    operation_id = "passkey_delete",
    tag = "passkeys",
    security(("bearer" = [])),
    params(("passkey_id" = PasskeyId, Path)),
    responses(
        (status = 204, description = "It is deleted"),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 403, description = "Show again who you are", body = Envelope),
        (status = 404, description = "There is no such passkey", body = Envelope),
        (status = 409, description = "Nothing would be left to sign in with, or as the second factor", body = Envelope),
    ),
)]
pub(super) async fn passkey_delete(
    State(service): SignIns,
    Recent(claims): Recent,
    Path(id): Path<PasskeyId>,
) -> Result<StatusCode, ApiError> {
    service.passkey_delete(claims.account, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Begin to sign in with a passkey.
#[utoipa::path(
    post,
    path = "/api/v1/sign-in/passkey/start",
    operation_id = "passkey_sign_in_start",
    tag = "passkeys",
    request_body = Loopback,
    responses(
        (status = 200, description = "What `navigator.credentials.get` takes", body = PasskeyChallenge),
        (status = 400, description = "The loopback address cannot be used", body = Envelope),
        (status = 429, description = "Too many attempts", body = Envelope),
    ),
)]
pub(super) async fn passkey_sign_in_start(
    State(service): SignIns,
    from: ClientAddress,
    Json(asked): Json<Loopback>,
) -> Result<Json<PasskeyChallenge>, ApiError> {
    Ok(Json(service.passkey_sign_in_start(asked, from.ip).await?))
}

/// Finish to sign in with a passkey. Good once, within five minutes.
#[utoipa::path(
    post,
    path = "/api/v1/sign-in/passkey/finish",
    operation_id = "passkey_sign_in_finish",
    tag = "passkeys",
    request_body = PasskeySignInFinish,
    responses(
        (status = 200, description = "Where the page goes next", body = PasskeySignedIn),
        (status = 400, description = "The passkey does not sign in, or took too long", body = Envelope),
        (status = 429, description = "Too many attempts", body = Envelope),
    ),
)]
pub(super) async fn passkey_sign_in_finish(
    State(service): SignIns,
    from: ClientAddress,
    Json(asked): Json<PasskeySignInFinish>,
) -> Result<Json<PasskeySignedIn>, ApiError> {
    Ok(Json(service.passkey_sign_in_finish(&asked, from.ip).await?))
}
