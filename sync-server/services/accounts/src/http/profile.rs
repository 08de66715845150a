//! Profiles.

use api::{
    accounts::{Account, ProfileUpdate},
    error::Envelope,
};
use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::AccountId;
use utoipa::ToSchema;
use web::{ApiError, ImageFile, Json, Path, auth::SignedIn, etag};

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

/// The bytes of a file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "the document's only")]
struct Avatar(Vec<u8>);

/// Put a picture in the place of the one before: a file of at most 5 MB, drawn anew in a small size.
#[utoipa::path(
    put,
    path = "/api/v1/accounts/me/avatar",
    operation_id = "avatar_put",
    tag = "accounts",
    security(("bearer" = [])),
    request_body(content((Avatar = "image/jpeg"), (Avatar = "image/png"), (Avatar = "image/webp"))),
    responses(
        (status = 200, description = "The account as it is now", body = Account),
        (status = 400, description = "This is no picture, or a larger one than is taken", body = Envelope),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 413, description = "The file is too large", body = Envelope),
        (status = 415, description = "It is not declared as an image", body = Envelope),
    ),
)]
pub(super) async fn avatar_put(
    State(service): Accounts,
    SignedIn(claims): SignedIn,
    ImageFile(file): ImageFile,
) -> Result<Json<Account>, ApiError> {
    Ok(Json(service.avatar_put(claims.account, file.into()).await?))
}

/// Take the picture back.
#[utoipa::path(
    delete,
    path = "/api/v1/accounts/me/avatar",
    operation_id = "avatar_delete",
    tag = "accounts",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The account as it is now", body = Account),
        (status = 401, description = "Nobody is signed in", body = Envelope),
    ),
)]
pub(super) async fn avatar_delete(
    State(service): Accounts,
    SignedIn(claims): SignedIn,
) -> Result<Json<Account>, ApiError> {
    Ok(Json(service.avatar_delete(claims.account).await?))
}

/// The picture of an account whose profile one may see.
#[utoipa::path(
    get,
    path = "/api/v1/accounts/{account_id}/avatar",
    operation_id = "avatar_view",
    tag = "accounts",
    security(("bearer" = [])),
    params(("account_id" = AccountId, Path, description = "Whose")),
    responses(
        (status = 200, description = "The picture", content((Avatar = "image/jpeg"))),
        (status = 304, description = "As the client has it already"),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 404, description = "There is none, or it is private", body = Envelope),
    ),
)]
pub(super) async fn avatar_view(
    State(service): Accounts,
    SignedIn(claims): SignedIn,
    headers: HeaderMap,
    Path(id): Path<AccountId>,
) -> Result<Response, ApiError> {
    let picture = service.avatar(id, claims.account).await?;
    let tag = etag::tag_of(&picture);
    let lasting: [(HeaderName, String); 3] = [
        (header::ETAG, tag.clone()),
        (header::CACHE_CONTROL, "private, max-age=300".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    if etag::matches(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, lasting).into_response());
    }
    Ok((lasting, [(header::CONTENT_TYPE, "image/jpeg")], picture).into_response())
}
