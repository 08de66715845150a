//! The routes.

use std::sync::Arc;

use api::{
    accounts::{PlanChange, PlanView},
    error::Envelope,
};
use axum::extract::State;
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{ApiError, Json, auth::SignedIn};

use crate::Service;

/// All routes of this service, with full paths.
pub fn routes(service: Arc<Service>) -> OpenApiRouter {
    OpenApiRouter::new().routes(routes!(plan_view, plan_change)).with_state(service)
}

type Billing = State<Arc<Service>>;

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
async fn plan_view(
    State(service): Billing,
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
async fn plan_change(
    State(service): Billing,
    SignedIn(claims): SignedIn,
    Json(asked): Json<PlanChange>,
) -> Result<Json<PlanView>, ApiError> {
    Ok(Json(service.plan_change(&claims, &asked).await?))
}
