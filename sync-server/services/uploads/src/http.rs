//! The routes.

use std::{
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use api::{error::Envelope, uploads::UploadList};
use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware,
    response::{IntoResponse as _, Response},
};
use domain::UploadId;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{
    ApiError, Json, Path,
    auth::{May, UploadMusic},
};

use crate::{
    NewUpload, Service, Upload,
    tus::{
        self, Checksum, Metadata, TUS_CHECKSUM_ALGORITHM, TUS_EXTENSION, TUS_MAX_SIZE,
        TUS_RESUMABLE, TUS_VERSION, UPLOAD_EXPIRES, UPLOAD_LENGTH, UPLOAD_METADATA, UPLOAD_OFFSET,
    },
};

const UPLOADS: &str = "/api/v1/uploads";
const UPLOAD: &str = "/api/v1/uploads/{upload_id}";

/// Routes that take their bodies as they come, and bound them themselves.
pub const STREAMED: &[(Method, &str)] =
    &[(Method::POST, UPLOADS), (Method::PATCH, UPLOAD), (Method::POST, UPLOAD)];

/// All routes of this service, with full paths.
pub fn routes(service: Arc<Service>) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(upload_options, upload_create, upload_list))
        .routes(routes!(upload_view, upload_append, upload_delete, upload_override))
        .layer(middleware::map_response(speaks_tus))
        .with_state(service)
}

type Uploads = State<Arc<Service>>;

/// What is spoken here: tus 1.0.0, and which extensions.
#[utoipa::path(
    options,
    path = "/api/v1/uploads",
    operation_id = "upload_options",
    tag = "uploads",
    responses((
        status = 204,
        description = "In the headers",
        headers(
            ("tus-version" = String, description = "Versions that are spoken"),
            ("tus-extension" = String, description = "Extensions that are spoken"),
            ("tus-max-size" = u64, description = "Longest file, in bytes"),
            ("tus-checksum-algorithm" = String, description = "Kinds of checksums"),
        ),
    )),
)]
async fn upload_options(State(service): Uploads) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    put(&mut response, TUS_EXTENSION, tus::EXTENSIONS);
    put(&mut response, TUS_MAX_SIZE, &service.file_bytes_max().to_string());
    put(&mut response, TUS_CHECKSUM_ALGORITHM, tus::ALGORITHMS);
    response
}

/// Begin an upload: how long it will be, and what it is called. A body, where there is one, is its
/// first piece.
#[utoipa::path(
    post,
    path = "/api/v1/uploads",
    operation_id = "upload_create",
    tag = "uploads",
    security(("bearer" = [])),
    params(
        ("tus-resumable" = String, Header, description = "`1.0.0`"),
        ("upload-length" = u64, Header, description = "Length of the whole file, in bytes"),
        ("upload-metadata" = Option<String>, Header,
            description = "Pairs of a key and a base64 value, apart by commas; `filename` is shown"),
        ("upload-checksum" = Option<String>, Header, description = "Of the body: `sha1 BASE64`"),
    ),
    responses(
        (status = 201, description = "It can be sent", headers(
            ("location" = String, description = "Where to"),
            ("upload-offset" = u64, description = "So much of it is there"),
            ("upload-expires" = String, description = "When it is dropped if nothing comes"),
        )),
        (status = 400, description = "A header is missing or not readable", body = Envelope),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 403, description = "Not a creator", body = Envelope),
        (status = 412, description = "Another version of tus", body = Envelope),
        (status = 413, description = "Too long, or no place is left", body = Envelope),
        (status = 460, description = "The checksum does not match", body = Envelope),
    ),
)]
async fn upload_create(
    State(service): Uploads,
    by: May<UploadMusic>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    tus::check_version(&headers)?;
    let new = NewUpload {
        length_bytes: tus::length(&headers, service.file_bytes_max())?,
        metadata: Metadata::read(&headers)?,
    };
    let checksum = Checksum::read(&headers)?;
    let account = by.claims.account;
    let mut upload = service.create(account, new).await?;
    let location = format!("{UPLOADS}/{}", upload.id);
    if tus::is_piece(&headers) {
        let piece = body.into_data_stream();
        let appended = service.append(account, upload.id, 0, checksum.as_ref(), piece).await;
        // Whatever became of the piece: the upload is there, and can be gone on with.
        match appended {
            Ok(appended) => upload = appended,
            Err(error) => {
                let mut response = ApiError::from(error).into_response();
                put(&mut response, header::LOCATION, &location);
                return Ok(response);
            }
        }
    }
    let mut response = StatusCode::CREATED.into_response();
    put(&mut response, header::LOCATION, &location);
    put_progress(&mut response, &upload);
    Ok(response)
}

/// How far an upload is. Who still sends to it is cut off.
#[utoipa::path(
    head,
    path = "/api/v1/uploads/{upload_id}",
    operation_id = "upload_view",
    tag = "uploads",
    security(("bearer" = [])),
    params(
        ("upload_id" = UploadId, Path, description = "Which upload"),
        ("tus-resumable" = String, Header, description = "`1.0.0`"),
    ),
    responses(
        (status = 200, description = "It can be gone on with", headers(
            ("upload-offset" = u64, description = "So much of it is there"),
            ("upload-length" = u64, description = "So long it will be"),
            ("upload-metadata" = String, description = "As it was sent"),
            ("upload-expires" = String, description = "When it is dropped if nothing comes"),
        )),
        (status = 400, description = "Not an id"),
        (status = 401, description = "Nobody is signed in"),
        (status = 403, description = "Not a creator"),
        (status = 404, description = "No such upload of this account"),
        (status = 410, description = "Its time is over"),
        (status = 412, description = "Another version of tus"),
        (status = 423, description = "Someone is writing to it"),
    ),
)]
async fn upload_view(
    State(service): Uploads,
    by: May<UploadMusic>,
    headers: HeaderMap,
    Path(id): Path<UploadId>,
) -> Result<Response, ApiError> {
    tus::check_version(&headers)?;
    let upload = service.view(by.claims.account, id).await?;
    let mut response = StatusCode::OK.into_response();
    put_progress(&mut response, &upload);
    put(&mut response, UPLOAD_LENGTH, &upload.length_bytes.to_string());
    if !upload.metadata.is_empty() {
        put(&mut response, UPLOAD_METADATA, &upload.metadata);
    }
    Ok(response)
}

/// Some bytes of a file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "the document's only")]
struct Piece(Vec<u8>);

/// Send the next piece. Where the line breaks, what came of it is kept, unless it has a checksum.
#[utoipa::path(
    patch,
    path = "/api/v1/uploads/{upload_id}",
    operation_id = "upload_append",
    tag = "uploads",
    security(("bearer" = [])),
    params(
        ("upload_id" = UploadId, Path, description = "Which upload"),
        ("tus-resumable" = String, Header, description = "`1.0.0`"),
        ("upload-offset" = u64, Header, description = "Where the piece begins, in bytes"),
        ("upload-checksum" = Option<String>, Header,
            description = "`sha1 BASE64` or `sha256 BASE64` of the piece"),
    ),
    request_body(content((Piece = "application/offset+octet-stream"))),
    responses(
        (status = 204, description = "It is there", headers(
            ("upload-offset" = u64, description = "So much of the file is there now"),
            ("upload-expires" = String, description = "When it is dropped if nothing comes"),
        )),
        (status = 400, description = "A header is missing, or the piece was cut off", body = Envelope),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 403, description = "Not a creator", body = Envelope),
        (status = 404, description = "No such upload of this account", body = Envelope),
        (status = 409, description = "The upload is at another byte", body = Envelope),
        (status = 410, description = "Its time is over", body = Envelope),
        (status = 412, description = "Another version of tus", body = Envelope),
        (status = 413, description = "Longer than the upload", body = Envelope),
        (status = 415, description = "Not declared as a piece of an upload", body = Envelope),
        (status = 423, description = "Someone is writing to it", body = Envelope),
        (status = 460, description = "The checksum does not match", body = Envelope),
        (status = 503, description = "Too many files come in, or the disk is full", body = Envelope),
    ),
)]
async fn upload_append(
    State(service): Uploads,
    by: May<UploadMusic>,
    Path(id): Path<UploadId>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    tus::check_version(&headers)?;
    tus::check_piece(&headers)?;
    let offset_bytes = tus::offset(&headers)?;
    let checksum = Checksum::read(&headers)?;
    let piece = body.into_data_stream();
    let account = by.claims.account;
    let upload = service.append(account, id, offset_bytes, checksum.as_ref(), piece).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    put_progress(&mut response, &upload);
    Ok(response)
}

/// Give an upload up: what came of it is deleted.
#[utoipa::path(
    delete,
    path = "/api/v1/uploads/{upload_id}",
    operation_id = "upload_delete",
    tag = "uploads",
    security(("bearer" = [])),
    params(
        ("upload_id" = UploadId, Path, description = "Which upload"),
        ("tus-resumable" = String, Header, description = "`1.0.0`"),
    ),
    responses(
        (status = 204, description = "It is gone"),
        (status = 400, description = "Not an id", body = Envelope),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 403, description = "Not a creator", body = Envelope),
        (status = 404, description = "No such upload of this account", body = Envelope),
        (status = 410, description = "Its time is over", body = Envelope),
        (status = 412, description = "Another version of tus", body = Envelope),
        (status = 423, description = "Someone is writing to it", body = Envelope),
    ),
)]
async fn upload_delete(
    State(service): Uploads,
    by: May<UploadMusic>,
    headers: HeaderMap,
    Path(id): Path<UploadId>,
) -> Result<StatusCode, ApiError> {
    tus::check_version(&headers)?;
    service.delete(by.claims.account, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What clients send that know neither PATCH nor DELETE: it is done as the method that they name.
#[utoipa::path(
    post,
    path = "/api/v1/uploads/{upload_id}",
    operation_id = "upload_override",
    tag = "uploads",
    security(("bearer" = [])),
    params(
        ("upload_id" = UploadId, Path, description = "Which upload"),
        ("tus-resumable" = String, Header, description = "`1.0.0`"),
        ("x-http-method-override" = String, Header, description = "`PATCH`, `DELETE` or `HEAD`"),
    ),
    request_body(content((Piece = "application/offset+octet-stream"))),
    responses(
        (status = 200, description = "As HEAD answers"),
        (status = 204, description = "As PATCH or DELETE answers"),
        (status = 400, description = "As they answer, or another method is named", body = Envelope),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 403, description = "Not a creator", body = Envelope),
        (status = 404, description = "No such upload of this account", body = Envelope),
        (status = 409, description = "The upload is at another byte", body = Envelope),
        (status = 410, description = "Its time is over", body = Envelope),
        (status = 412, description = "Another version of tus", body = Envelope),
        (status = 413, description = "Longer than the upload", body = Envelope),
        (status = 415, description = "Not declared as a piece of an upload", body = Envelope),
        (status = 423, description = "Someone is writing to it", body = Envelope),
        (status = 460, description = "The checksum does not match", body = Envelope),
        (status = 503, description = "Too many files come in, or the disk is full", body = Envelope),
    ),
)]
async fn upload_override(
    State(service): Uploads,
    by: May<UploadMusic>,
    Path(id): Path<UploadId>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let method = headers.get(tus::METHOD_OVERRIDE).map(HeaderValue::as_bytes);
    match method {
        Some(b"PATCH") => upload_append(State(service), by, Path(id), headers, body).await,
        Some(b"HEAD") => upload_view(State(service), by, headers, Path(id)).await,
        Some(b"DELETE") => {
            let deleted = upload_delete(State(service), by, headers, Path(id)).await?;
            Ok(deleted.into_response())
        }
        _ => Err(ApiError::invalid(
            "What is to be done is not said.",
            "Send PATCH, HEAD or DELETE, or name one of them in `x-http-method-override`.",
        )),
    }
}

/// Uploads of the account that were not used yet, the newest first: what a client goes on with
/// that has forgotten where they are.
#[utoipa::path(
    get,
    path = "/api/v1/uploads",
    operation_id = "upload_list",
    tag = "uploads",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "All of them", body = UploadList),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 403, description = "Not a creator", body = Envelope),
    ),
)]
async fn upload_list(
    State(service): Uploads,
    by: May<UploadMusic>,
) -> Result<Json<UploadList>, ApiError> {
    Ok(Json(service.uploads(by.claims.account).await?))
}

/// Every answer says so, failures included.
async fn speaks_tus(mut response: Response) -> Response {
    put(&mut response, TUS_RESUMABLE, tus::VERSION);
    put(&mut response, TUS_VERSION, tus::VERSION);
    response
}

fn put_progress(response: &mut Response, upload: &Upload) {
    put(response, UPLOAD_OFFSET, &upload.offset_bytes.to_string());
    let expires = Duration::from_micros(u64::try_from(upload.expires_at_us).unwrap_or(0));
    put(response, UPLOAD_EXPIRES, &httpdate::fmt_http_date(UNIX_EPOCH + expires));
}

fn put(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
