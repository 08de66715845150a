//! Exports of the account that is signed in.

use api::{error::Envelope, privacy::ExportView};
use axum::{
    body::Body,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::ids::ExportId;
use dossier::{Error, Opener};
use futures::stream;
use utoipa::ToSchema;
use web::{
    ApiError, Json, Path,
    auth::{Recent, SignedIn},
};

use super::Privacy;

/// The bytes of a file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "the document's only")]
pub(super) struct Zip(Vec<u8>);

/// Have everything about the account collected into a ZIP. Where that is under way already, this
/// is the answer; at most three times a day.
#[utoipa::path(
    post,
    path = "/api/v1/privacy/exports",
    operation_id = "subject_export",
    tag = "privacy",
    security(("bearer" = [])),
    responses(
        (status = 202, description = "It is being collected", body = ExportView),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 403, description = "Show again who you are: `step_up_required`", body = Envelope),
        (status = 429, description = "Three times in a day already", body = Envelope),
    ),
)]
pub(super) async fn subject_export(
    State(service): Privacy,
    Recent(claims): Recent,
) -> Result<(StatusCode, Json<ExportView>), ApiError> {
    let export = service.export_create(claims.account, claims.account).await?;
    Ok((StatusCode::ACCEPTED, Json(export)))
}

/// How far an export is.
#[utoipa::path(
    get,
    path = "/api/v1/privacy/exports/{export_id}",
    operation_id = "subject_export_view",
    tag = "privacy",
    security(("bearer" = [])),
    params(("export_id" = ExportId, Path, description = "Of `subject_export`")),
    responses(
        (status = 200, description = "How far it is", body = ExportView),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 404, description = "The account has no such export", body = Envelope),
    ),
)]
pub(super) async fn subject_export_view(
    State(service): Privacy,
    SignedIn(claims): SignedIn,
    Path(id): Path<ExportId>,
) -> Result<Json<ExportView>, ApiError> {
    Ok(Json(service.export(claims.account, id).await?))
}

/// The ZIP of an export: JSON files, a schema that they keep to, and a page to read.
#[utoipa::path(
    get,
    path = "/api/v1/privacy/exports/{export_id}/file",
    operation_id = "subject_export_file",
    tag = "privacy",
    security(("bearer" = [])),
    params(("export_id" = ExportId, Path, description = "Of `subject_export`")),
    responses(
        (status = 200, description = "The ZIP", content((Zip = "application/zip"))),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 403, description = "Show again who you are: `step_up_required`", body = Envelope),
        (status = 404, description = "It is not ready, or gone", body = Envelope),
    ),
)]
pub(super) async fn subject_export_file(
    State(service): Privacy,
    Recent(claims): Recent,
    Path(id): Path<ExportId>,
) -> Result<Response, ApiError> {
    let (opener, size_bytes) = service.export_open(claims.account, id).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_LENGTH, size_bytes.to_string()),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"melodyud-data.zip\"".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    let pieces = stream::try_unfold(opener, next_piece);
    Ok((headers, Body::from_stream(pieces)).into_response())
}

/// A failure on the way breaks the answer off: the client sees that it is not whole.
async fn next_piece(mut opener: Opener) -> Result<Option<(Vec<u8>, Opener)>, Error> {
    match opener.piece().await {
        Ok(piece) => Ok(piece.map(|piece| (piece, opener))),
        Err(error) => {
            tracing::error!(error = web::error::chain(&error), "the file of an export broke off");
            Err(error)
        }
    }
}
