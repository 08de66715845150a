//! Plays.

use std::sync::Arc;

use api::{
    error::Envelope,
    plays::{PLAYS_PER_REPORT_MAX, PlayReceipt, PlayReport},
};
use axum::extract::State;
use web::{ApiError, Json, auth::SignedIn};

use crate::intake::Intake;

/// Report plays. Each counts once, however often it is reported, and up to 30 days late.
///
/// While the account has its data kept and not used (`restriction_update`), none of them is kept or
/// counted. The answer is the usual one, with all of them ignored.
#[utoipa::path(
    post,
    path = "/api/v1/plays",
    operation_id = "play_report",
    tag = "catalog",
    request_body = PlayReport,
    responses(
        (status = 200, description = "What was taken; nothing of it is to be sent again",
            body = PlayReceipt),
        (status = 400, description = "A malformed report, or too many plays", body = Envelope),
        (status = 401, description = "Nobody is signed in", body = Envelope),
    ),
    security(("bearer" = [])),
)]
pub async fn play_report(
    State(intake): State<Arc<Intake>>,
    SignedIn(claims): SignedIn,
    Json(report): Json<PlayReport>,
) -> Result<Json<PlayReceipt>, ApiError> {
    if report.plays.len() > PLAYS_PER_REPORT_MAX {
        return Err(ApiError::invalid(
            format!("A report of {} plays is too long.", report.plays.len()),
            format!("Send at most {PLAYS_PER_REPORT_MAX} at once."),
        ));
    }
    Ok(Json(intake.plays_report(claims.account, &report.plays).await?))
}
