//! Plans.

use api::{
    accounts::{PlanChange, PlanView},
    error::Envelope,
};
use axum::extract::State;
use web::{ApiError, Json, auth::SignedIn};

use super::Accounts;

/// What the account has, what it gives, and what could be had.
#[utoipa::path(
    get,
    path = "/api/v1/plan",
    operation_id = "plan_view",
    tag = "plans",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "Where the account stands", body = PlanView),
        (status = 401, description = "Nobody is signed in", body = Envelope),
    ),
)]
pub(super) async fn plan_view(
    State(service): Accounts,
    SignedIn(claims): SignedIn,
) -> Result<Json<PlanView>, ApiError> {
    Ok(Json(service.plan(claims.account).await?))
}

/// Start a trial, cancel, or take a cancellation back. Access tokens say so from the next
/// refresh on.
#[utoipa::path(
    post,
    path = "/api/v1/plan",
    operation_id = "plan_change",
    tag = "plans",
    security(("bearer" = [])),
    request_body = PlanChange,
    responses(
        (status = 200, description = "Where the account stands now", body = PlanView),
        (status = 400, description = "There is no such plan", body = Envelope),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 409, description = "The account is not in a state for that", body = Envelope),
    ),
)]
pub(super) async fn plan_change(
    State(service): Accounts,
    SignedIn(claims): SignedIn,
    Json(asked): Json<PlanChange>,
) -> Result<Json<PlanView>, ApiError> {
    Ok(Json(service.plan_change(&claims, &asked).await?))
}
