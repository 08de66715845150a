//! The routes, for owners. To others they are not there.

use std::sync::Arc;

use api::{
    error::Envelope,
    roles::{RoleChange, RoleHolder, RoleHolders},
};
use axum::extract::State;
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{
    ApiError, Json,
    auth::{GrantRoles, May},
};

use crate::Service;

/// All routes of this service, with full paths.
pub fn routes(service: Arc<Service>) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(role_list, role_grant))
        .routes(routes!(role_revoke))
        .with_state(service)
}

type Office = State<Arc<Service>>;

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
async fn role_list(
    State(service): Office,
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
async fn role_grant(
    State(service): Office,
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
async fn role_revoke(
    State(service): Office,
    by: May<GrantRoles>,
    Json(asked): Json<RoleChange>,
) -> Result<Json<RoleHolder>, ApiError> {
    Ok(Json(service.role_revoke(&by.claims, &asked).await?))
}
