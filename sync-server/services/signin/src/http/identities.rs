//! The providers of an account.

use api::{error::Envelope, sign_in::IdentityList};
use axum::{extract::State, http::StatusCode};
use web::{
    ApiError, Json, Path,
    auth::{Recent, SignedIn},
};

use super::SignIns;

/// Providers that are linked to the account.
#[utoipa::path(
    get,
    path = "/api/v1/accounts/me/identities",
    operation_id = "identity_list",
    tag = "sign-in",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The oldest first", body = IdentityList),
        (status = 401, description = "Nobody is signed in", body = Envelope),
    ),
)]
pub(super) async fn identity_list(
    State(service): SignIns,
    SignedIn(claims): SignedIn,
) -> Result<Json<IdentityList>, ApiError> {
    Ok(Json(service.identities(claims.account).await?))
}

/// Unlink a provider, unless nothing is left to sign in with then.
#[utoipa::path(
    delete,
    path = "/api/v1/accounts/me/identities/{provider}",
    operation_id = "identity_unlink",
    tag = "sign-in",
    security(("bearer" = [])),
    params(("provider" = String, Path, description = "Its id")),
    responses(
        (status = 204, description = "It is unlinked"),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 403, description = "Show again who you are", body = Envelope),
        (status = 404, description = "It is not linked", body = Envelope),
        (status = 409, description = "Nothing would be left to sign in with", body = Envelope),
    ),
)]
pub(super) async fn identity_unlink(
    State(service): SignIns,
    Recent(claims): Recent,
    Path(provider): Path<String>,
) -> Result<StatusCode, ApiError> {
    service.identity_unlink(claims.account, &provider).await?;
    Ok(StatusCode::NO_CONTENT)
}
