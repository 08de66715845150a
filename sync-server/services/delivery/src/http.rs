//! The routes.

use std::{borrow::Cow, sync::Arc};

use api::{catalog::StreamUrl, error::Envelope};
use axum::{
    Extension,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::TrackId;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use web::{
    ApiError, Json, Path,
    auth::{Keys, SignedIn, SignedInOrUrl},
    signed_url::Signature,
};

use crate::{
    Service,
    plan::{Conditions, Plan, plan},
    reading::{self, Stamp},
    service::{Opened, Refusal, now_s},
};

/// All routes of delivery, with full paths.
pub fn routes(service: Arc<Service>) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(track_stream, track_stream_head))
        .routes(routes!(stream_url_create))
        .with_state(service)
}

/// The bytes of a file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "the document's only")]
struct Audio(Vec<u8>);

/// The audio of a track, as it was imported. Takes ranges.
///
/// Sign in by bearer token, or use the URL that `stream_url_create` gave.
#[utoipa::path(
    get,
    path = "/api/v1/tracks/{track_id}/stream",
    operation_id = "track_stream",
    tag = "delivery",
    params(
        ("track_id" = TrackId, Path, description = "Which track"),
        Signature,
    ),
    responses(
        (status = 200, description = "All of it", content(
            (Audio = "audio/flac"), (Audio = "audio/mpeg"), (Audio = "audio/ogg"),
            (Audio = "audio/mp4"), (Audio = "audio/aac"), (Audio = "audio/wav"),
            (Audio = "audio/aiff"),
        )),
        (status = 206, description = "The range", content(
            (Audio = "audio/flac"), (Audio = "audio/mpeg"), (Audio = "audio/ogg"),
            (Audio = "audio/mp4"), (Audio = "audio/aac"), (Audio = "audio/wav"),
            (Audio = "audio/aiff"),
        )),
        (status = 304, description = "As the client has it already"),
        (status = 400, description = "Not an id", body = Envelope),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 404, description = "No such track, or it is not available", body = Envelope),
        (status = 412, description = "It is not what the client takes it for", body = Envelope),
        (status = 416, description = "There are no such bytes", body = Envelope),
    ),
    security(("bearer" = []), ("signed_url" = [])),
)]
async fn track_stream(
    State(service): State<Arc<Service>>,
    _listener: SignedInOrUrl,
    method: Method,
    headers: HeaderMap,
    Path(track): Path<TrackId>,
) -> Result<Response, ApiError> {
    let opened = service.open(track).await.map_err(|refusal| refused(track, refusal))?;
    answer(opened, &method, &headers)
}

/// As `track_stream`, without the bytes.
#[utoipa::path(
    head,
    path = "/api/v1/tracks/{track_id}/stream",
    operation_id = "track_stream_head",
    tag = "delivery",
    params(("track_id" = TrackId, Path, description = "Which track"), Signature),
    responses(
        (status = 200, description = "It is there"),
        (status = 304, description = "As the client has it already"),
        (status = 401, description = "Nobody is signed in"),
        (status = 404, description = "No such track, or it is not available"),
        (status = 412, description = "It is not what the client takes it for"),
    ),
    security(("bearer" = []), ("signed_url" = [])),
)]
async fn track_stream_head(
    service: State<Arc<Service>>,
    listener: SignedInOrUrl,
    method: Method,
    headers: HeaderMap,
    track: Path<TrackId>,
) -> Result<Response, ApiError> {
    track_stream(service, listener, method, headers, track).await
}

/// A URL of the stream that needs no header, for players that cannot send one. Whoever has it
/// can listen, for an hour or until the session ends.
#[utoipa::path(
    post,
    path = "/api/v1/tracks/{track_id}/stream-url",
    operation_id = "stream_url_create",
    tag = "delivery",
    params(("track_id" = TrackId, Path, description = "Which track")),
    responses(
        (status = 200, description = "The URL", body = StreamUrl),
        (status = 400, description = "Not an id", body = Envelope),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 404, description = "No such track, or it is not available", body = Envelope),
    ),
    security(("bearer" = [])),
)]
async fn stream_url_create(
    State(service): State<Arc<Service>>,
    SignedIn(claims): SignedIn,
    Extension(keys): Extension<Keys>,
    Path(track): Path<TrackId>,
) -> Result<Json<StreamUrl>, ApiError> {
    service.open(track).await.map_err(|refusal| refused(track, refusal))?;
    let path = format!("{}/tracks/{track}/stream", api::BASE);
    let (url, expires_at_s) = keys.sign_url(&path, &claims, now_s())?;
    Ok(Json(StreamUrl {
        url,
        expires_at_us: i64::try_from(expires_at_s).unwrap_or(i64::MAX).saturating_mul(1_000_000),
    }))
}

fn answer(opened: Opened, method: &Method, headers: &HeaderMap) -> Result<Response, ApiError> {
    let Opened { file, source } = opened;
    let tag = tag(&source.content_hash);
    let size_bytes = source.size_bytes;
    let given = [header::IF_MATCH, header::IF_NONE_MATCH, header::IF_RANGE, header::RANGE]
        .map(|name| joined(headers, &name));
    let [if_match, if_none_match, if_range, range] = &given;
    let conditions = Conditions {
        if_match: if_match.as_deref(),
        if_none_match: if_none_match.as_deref(),
        if_range: if_range.as_deref(),
        // Ranges mean something to GET only (RFC 9110, section 14.2).
        range: range.as_deref().filter(|_| *method == Method::GET),
    };
    let (status, range) = match plan(conditions, &tag, size_bytes) {
        Plan::Whole => (StatusCode::OK, Some(0..size_bytes)),
        Plan::Part(range) => (StatusCode::PARTIAL_CONTENT, Some(range)),
        Plan::NotModified => (StatusCode::NOT_MODIFIED, None),
        Plan::PreconditionFailed => {
            return Err(ApiError::precondition_failed("The track has other bytes by now."));
        }
        Plan::NotSatisfiable => return Err(ApiError::range_not_satisfiable(size_bytes)),
    };
    let mut response = status.into_response();
    let mut put = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    };
    put(header::ETAG, &tag);
    put(header::ACCEPT_RANGES, "bytes");
    // A listener's own cache may keep it; nobody else's.
    put(header::CACHE_CONTROL, "private, max-age=86400");
    put(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    let Some(range) = range else { return Ok(response) };
    put(header::CONTENT_TYPE, &source.content_type);
    put(header::CONTENT_LENGTH, &(range.end - range.start).to_string());
    if status == StatusCode::PARTIAL_CONTENT {
        let value = format!("bytes {}-{}/{size_bytes}", range.start, range.end - 1);
        put(header::CONTENT_RANGE, &value);
    }
    if *method == Method::GET {
        let stamp = Stamp { size_bytes, mtime_us: source.mtime_us };
        *response.body_mut() = Body::from_stream(reading::read(file, range, stamp));
    }
    Ok(response)
}

/// A header, as one list (RFC 9110, section 5.3).
fn joined<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<Cow<'a, str>> {
    let mut values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let first = values.next()?;
    Some(values.fold(Cow::Borrowed(first), |all, next| Cow::Owned(format!("{all}, {next}"))))
}

/// Strong: the same tag means the same bytes.
fn tag(hash: &[u8; 32]) -> String {
    use std::fmt::Write as _;
    let mut tag = String::with_capacity(34);
    tag.push('"');
    for byte in &hash[..16] {
        write!(tag, "{byte:02x}").expect("writing to a String cannot fail");
    }
    tag.push('"');
    tag
}

fn refused(track: TrackId, refusal: Refusal) -> ApiError {
    match refusal {
        Refusal::Peer(error) => ApiError::internal(error),
        Refusal::Unknown => unavailable("There is no such track, or its file is missing."),
        Refusal::Busy(error) => {
            tracing::error!(
                track.id = %track,
                error = &error as &dyn std::error::Error,
                "a track cannot be opened"
            );
            ApiError::unavailable("The track cannot be read at the moment.", 5)
        }
        refusal @ (Refusal::Gone(_) | Refusal::Changed | Refusal::Unreadable(_)) => {
            let reason = &refusal as &dyn std::error::Error;
            tracing::warn!(track.id = %track, reason, "a track is not available");
            unavailable("This track is not available: its file is gone, changed or unreadable.")
        }
    }
}

fn unavailable(message: &str) -> ApiError {
    let mut error =
        ApiError::not_found("track").with_hint("Ask the operator to import the folder again.");
    message.clone_into(&mut error.message);
    error
}
