//! Profiles.

use api::{
    accounts::{Account, ProfileUpdate},
    error::Envelope,
};
use axum::extract::State;
use web::{ApiError, Json, auth::SignedIn};

use super::Accounts;

/// Change the profile: what is absent stays as it is.
#[utoipa::path(
    patch,
    path = "/api/v1/accounts/me",
    operation_id = "profile_update",
    tag = "accounts",
    security(("bearer" = [])),
    request_body = ProfileUpdate,
    responses(
        (status = 200, description = "The account as it is now", body = Account),
        (status = 400, description = "A value cannot be taken", body = Envelope),
        (status = 401, description = "Nobody is signed in", body = Envelope),
    ),
)]
pub(super) async fn profile_update(
    State(service): Accounts,
    SignedIn(claims): SignedIn,
    Json(asked): Json<ProfileUpdate>,
) -> Result<Json<Account>, ApiError> {
    Ok(Json(service.profile_update(claims.account, &asked).await?))
}
