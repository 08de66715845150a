//! The compliance area. To others these routes are not there.

#![allow(unused_qualifications, reason = "in what utoipa makes of a handler's arguments")]

use api::{
    compliance::{CaseCreate, CasePage, CaseUpdate, CaseView, RetentionView, SubjectView},
    error::Envelope,
};
use axum::{extract::State, http::StatusCode};
use domain::ids::CaseId;
use serde::Deserialize;
use utoipa::IntoParams;
use web::{
    ApiError, Json, Path, Query,
    auth::{HandleCases, May},
    cursor,
};

use super::Privacy;

type Officer = May<HandleCases>;

/// Query of `case_list`.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct CaseQuery {
    /// Most cases of a page; 50 where absent.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Cases: open ones by deadline, then the closed, the latest first.
#[utoipa::path(
    get,
    path = "/api/v1/compliance/cases",
    operation_id = "case_list",
    tag = "compliance",
    security(("bearer" = [])),
    params(CaseQuery),
    responses(
        (status = 200, description = "A page of cases", body = CasePage),
        (status = 400, description = "A bad limit or cursor", body = Envelope),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 404, description = "Not a compliance officer", body = Envelope),
    ),
)]
pub(super) async fn case_list(
    State(service): Privacy,
    _: Officer,
    Query(asked): Query<CaseQuery>,
) -> Result<Json<CasePage>, ApiError> {
    let limit = cursor::limit(asked.limit)?;
    Ok(Json(service.cases(asked.cursor.as_deref(), limit).await?))
}

/// Open a case about whoever has exactly this address.
#[utoipa::path(
    post,
    path = "/api/v1/compliance/cases",
    operation_id = "case_create",
    tag = "compliance",
    security(("bearer" = [])),
    request_body = CaseCreate,
    responses(
        (status = 201, description = "The case", body = CaseView),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 404, description = "Nobody has this address, or not a compliance officer", body = Envelope),
        (status = 409, description = "It would be about yourself", body = Envelope),
    ),
)]
pub(super) async fn case_create(
    State(service): Privacy,
    officer: Officer,
    Json(asked): Json<CaseCreate>,
) -> Result<(StatusCode, Json<CaseView>), ApiError> {
    let case = service.case_create(officer.claims.account, &asked).await?;
    Ok((StatusCode::CREATED, Json(case)))
}

/// A case.
#[utoipa::path(
    get,
    path = "/api/v1/compliance/cases/{case_id}",
    operation_id = "case_view",
    tag = "compliance",
    security(("bearer" = [])),
    params(("case_id" = CaseId, Path, description = "Of `case_list`")),
    responses(
        (status = 200, description = "The case", body = CaseView),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 404, description = "No such case, or not a compliance officer", body = Envelope),
    ),
)]
pub(super) async fn case_view(
    State(service): Privacy,
    _: Officer,
    Path(id): Path<CaseId>,
) -> Result<Json<CaseView>, ApiError> {
    Ok(Json(service.case(id).await?))
}

/// Do something about an open case. It stands in the audit log, with the reason.
#[utoipa::path(
    post,
    path = "/api/v1/compliance/cases/{case_id}",
    operation_id = "case_update",
    tag = "compliance",
    security(("bearer" = [])),
    params(("case_id" = CaseId, Path, description = "Of `case_list`")),
    request_body = CaseUpdate,
    responses(
        (status = 200, description = "The case as it is now", body = CaseView),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 404, description = "No such case, or not a compliance officer", body = Envelope),
        (status = 409, description = "It is closed, about yourself, or cannot be done", body = Envelope),
        (status = 429, description = "The person had three exports in a day already", body = Envelope),
    ),
)]
pub(super) async fn case_update(
    State(service): Privacy,
    officer: Officer,
    Path(id): Path<CaseId>,
    Json(asked): Json<CaseUpdate>,
) -> Result<Json<CaseView>, ApiError> {
    Ok(Json(service.case_update(officer.claims.account, id, &asked).await?))
}

/// The person an open case is about. That it was looked at is in the audit log.
#[utoipa::path(
    get,
    path = "/api/v1/compliance/cases/{case_id}/subject",
    operation_id = "case_subject_view",
    tag = "compliance",
    security(("bearer" = [])),
    params(("case_id" = CaseId, Path, description = "Of `case_list`")),
    responses(
        (status = 200, description = "The person", body = SubjectView),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 404, description = "No such case, the person is gone, or not a compliance officer", body = Envelope),
        (status = 409, description = "It is closed, or about yourself", body = Envelope),
    ),
)]
pub(super) async fn case_subject_view(
    State(service): Privacy,
    officer: Officer,
    Path(id): Path<CaseId>,
) -> Result<Json<SubjectView>, ApiError> {
    Ok(Json(service.case_subject(officer.claims.account, id).await?))
}

/// What is kept for how long, and what the nightly job did about it.
#[utoipa::path(
    get,
    path = "/api/v1/compliance/retention",
    operation_id = "retention_view",
    tag = "compliance",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The rules", body = RetentionView),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 404, description = "Not a compliance officer", body = Envelope),
    ),
)]
pub(super) async fn retention_view(
    State(service): Privacy,
    _: Officer,
) -> Result<Json<RetentionView>, ApiError> {
    Ok(Json(service.retention().await?))
}
