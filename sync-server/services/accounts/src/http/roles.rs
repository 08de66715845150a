//! Roles, for owners. To others these routes are not there.

use api::{
    accounts::{RoleChange, RoleHolder, RoleHolders},
    error::Envelope,
};
use axum::extract::State;
use web::{
    ApiError, Json,
    auth::{GrantRoles, May},
};

use super::Accounts;

/// Accounts with more roles than a listener has.
#[utoipa::path(
    get,
    path = "/api/v1/roles",
    operation_id = "role_list",
    tag = "roles",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "Who has which roles", body = RoleHolders),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 404, description = "Not an owner", body = Envelope),
    ),
)]
pub(super) async fn role_list(
    State(service): Accounts,
    _: May<GrantRoles>,
) -> Result<Json<RoleHolders>, ApiError> {
    Ok(Json(service.role_holders().await?))
}

/// Give someone a role. Their tokens are refused from now on, and the next ones have it.
#[utoipa::path(
    post,
    path = "/api/v1/roles",
    operation_id = "role_grant",
    tag = "roles",
    security(("bearer" = [])),
    request_body = RoleChange,
    responses(
        (status = 200, description = "The roles they have now", body = RoleHolder),
        (status = 400, description = "The role or the reason cannot be taken", body = Envelope),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 404, description = "Not an owner, or no account with that address", body = Envelope),
    ),
)]
pub(super) async fn role_grant(
    State(service): Accounts,
    by: May<GrantRoles>,
    Json(asked): Json<RoleChange>,
) -> Result<Json<RoleHolder>, ApiError> {
    Ok(Json(service.role_grant(&by.claims, &asked).await?))
}

/// Take a role from someone. Tokens that still have it are refused from now on.
#[utoipa::path(
    post,
    path = "/api/v1/roles/revoke",
    operation_id = "role_revoke",
    tag = "roles",
    security(("bearer" = [])),
    request_body = RoleChange,
    responses(
        (status = 200, description = "The roles they have now", body = RoleHolder),
        (status = 400, description = "The role or the reason cannot be taken", body = Envelope),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 404, description = "Not an owner, or no account with that address", body = Envelope),
        (status = 409, description = "It is the last owner", body = Envelope),
    ),
)]
pub(super) async fn role_revoke(
    State(service): Accounts,
    by: May<GrantRoles>,
    Json(asked): Json<RoleChange>,
) -> Result<Json<RoleHolder>, ApiError> {
    Ok(Json(service.role_revoke(&by.claims, &asked).await?))
}
