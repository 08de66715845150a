//! What links in mails open.

use api::{
    accounts::{
        EmailChangeStart, EmailChanged, EmailVerify, PasswordResetFinish, PasswordResetStart,
    },
    error::Envelope,
};
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use web::{
    ApiError, Json, Path,
    auth::{Recent, SignedIn},
    edge::ClientAddress,
};

use super::Accounts;

/// Asks the person, so that programs that open links in mails to look at them use nothing up.
const PAGE: &str = include_str!("page.html");

/// The page runs its own script, and speaks to this server alone.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src \
                           'unsafe-inline'; connect-src 'self'; form-action 'none'; \
                           frame-ancestors 'none'; base-uri 'none'";

/// The page that the link in a mail opens: it confirms an address, takes a new password, or changes
/// the address.
#[utoipa::path(
    get,
    path = "/account/{page}",
    operation_id = "mail_link_page",
    tag = "accounts",
    params(("page" = String, Path, description = "What for", pattern = "^(verify|reset|change-email)$")),
    responses(
        (status = 200, description = "A page", body = String, content_type = "text/html"),
        (status = 404, description = "No link leads there", body = Envelope),
    ),
)]
pub(super) async fn mail_link_page(Path(page): Path<String>) -> Result<Response, ApiError> {
    if !["verify", "reset", "change-email"].contains(&page.as_str()) {
        return Err(ApiError::not_found("page"));
    }
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, PAGE_POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    Ok((headers, PAGE).into_response())
}

/// Send the link that confirms the address again.
#[utoipa::path(
    post,
    path = "/api/v1/accounts/me/verify-email",
    operation_id = "account_verify_email_start",
    tag = "accounts",
    security(("bearer" = [])),
    responses(
        (status = 202, description = "The mail is on its way"),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 409, description = "It is confirmed already", body = Envelope),
        (status = 429, description = "Too many mails", body = Envelope),
    ),
)]
pub(super) async fn account_verify_email_start(
    State(service): Accounts,
    SignedIn(claims): SignedIn,
) -> Result<StatusCode, ApiError> {
    service.email_verify_start(claims.account).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Confirm an address with what the link in the mail ends with. Good once.
#[utoipa::path(
    post,
    path = "/api/v1/accounts/verify-email",
    operation_id = "account_verify_email",
    tag = "accounts",
    request_body = EmailVerify,
    responses(
        (status = 204, description = "The address is confirmed"),
        (status = 400, description = "The link is not good any more", body = Envelope),
        (status = 429, description = "Too many attempts", body = Envelope),
    ),
)]
pub(super) async fn account_verify_email(
    State(service): Accounts,
    from: ClientAddress,
    Json(asked): Json<EmailVerify>,
) -> Result<StatusCode, ApiError> {
    service.email_verify(&asked.token, from.ip).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Send a link to choose a new password, where the address has an account: the answer does not
/// tell.
#[utoipa::path(
    post,
    path = "/api/v1/password-reset",
    operation_id = "password_reset_start",
    tag = "accounts",
    request_body = PasswordResetStart,
    responses(
        (status = 202, description = "Where there is an account, a mail is on its way"),
        (status = 400, description = "This is no address", body = Envelope),
        (status = 429, description = "Too many mails", body = Envelope),
    ),
)]
pub(super) async fn password_reset_start(
    State(service): Accounts,
    from: ClientAddress,
    Json(asked): Json<PasswordResetStart>,
) -> Result<StatusCode, ApiError> {
    service.password_reset_start(&asked, from.ip).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Choose a new password with what the link in the mail ends with. Good once; all sessions end.
#[utoipa::path(
    post,
    path = "/api/v1/password-reset/finish",
    operation_id = "password_reset_finish",
    tag = "accounts",
    request_body = PasswordResetFinish,
    responses(
        (status = 204, description = "The password is changed"),
        (status = 400, description = "The link is not good any more, or the password cannot be taken", body = Envelope),
        (status = 429, description = "Too many attempts", body = Envelope),
    ),
)]
pub(super) async fn password_reset_finish(
    State(service): Accounts,
    from: ClientAddress,
    Json(asked): Json<PasswordResetFinish>,
) -> Result<StatusCode, ApiError> {
    service.password_reset_finish(&asked, from.ip).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Change the address. A link goes to the old and one to the new address; both must be opened.
#[utoipa::path(
    post,
    path = "/api/v1/accounts/me/email",
    operation_id = "email_change_start",
    tag = "accounts",
    security(("bearer" = [])),
    request_body = EmailChangeStart,
    responses(
        (status = 202, description = "The mails are on their way"),
        (status = 400, description = "This is no address", body = Envelope),
        (status = 401, description = "Nobody is signed in", body = Envelope),
        (status = 403, description = "Not shown just now who one is", body = Envelope),
        (status = 409, description = "It is the address already", body = Envelope),
        (status = 429, description = "Too many mails", body = Envelope),
    ),
)]
pub(super) async fn email_change_start(
    State(service): Accounts,
    Recent(claims): Recent,
    Json(asked): Json<EmailChangeStart>,
) -> Result<StatusCode, ApiError> {
    service.email_change_start(claims.account, &asked).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Confirm a change of address on one side, with what the link in the mail ends with. Good once.
#[utoipa::path(
    post,
    path = "/api/v1/accounts/change-email",
    operation_id = "email_change_confirm",
    tag = "accounts",
    request_body = EmailVerify,
    responses(
        (status = 200, description = "Whether both sides have confirmed", body = EmailChanged),
        (status = 400, description = "The link is not good any more", body = Envelope),
        (status = 409, description = "The new address has an account by now", body = Envelope),
        (status = 429, description = "Too many attempts", body = Envelope),
    ),
)]
pub(super) async fn email_change_confirm(
    State(service): Accounts,
    from: ClientAddress,
    Json(asked): Json<EmailVerify>,
) -> Result<Json<EmailChanged>, ApiError> {
    Ok(Json(service.email_change_confirm(&asked.token, from.ip).await?))
}
