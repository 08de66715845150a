//! Pages for the system browser: to sign in, to make a passkey, and to say that neither is
//! possible.

use std::sync::LazyLock;

use api::{error::Envelope, sign_in::Loopback};
use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use web::{ApiError, Query};

use crate::loopback;

const STYLE: &str = include_str!("pages/style.css");
const SCRIPT: &str = include_str!("pages/shared.js");

static SIGN_IN: LazyLock<String> = LazyLock::new(|| page(include_str!("pages/sign_in.html")));
static PASSKEY: LazyLock<String> = LazyLock::new(|| page(include_str!("pages/passkey.html")));
static TROUBLE: LazyLock<String> = LazyLock::new(|| page(include_str!("pages/trouble.html")));

/// The pages run their own scripts, and speak to this server alone.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
                      connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri \
                      'none'";

/// The page to sign in on: with a passkey, or at a provider. It brings the app its code.
#[utoipa::path(
    get,
    path = "/account/sign-in",
    operation_id = "sign_in_page",
    tag = "sign-in",
    params(Loopback),
    responses(
        (status = 200, description = "A page", body = String, content_type = "text/html"),
        (status = 400, description = "The loopback address cannot be used; a page for browsers", body = Envelope),
    ),
)]
pub(super) async fn sign_in_page(
    headers: HeaderMap,
    query: Result<Query<Loopback>, ApiError>,
) -> Response {
    match query.and_then(|Query(asked)| loopback::check(&asked)) {
        Ok(()) => html(&SIGN_IN),
        Err(error) => trouble(&headers, error),
    }
}

/// The page to make a passkey on; its address ends with a ticket.
#[utoipa::path(
    get,
    path = "/account/passkeys",
    operation_id = "passkey_page",
    tag = "sign-in",
    responses((status = 200, description = "A page", body = String, content_type = "text/html")),
)]
pub(super) async fn passkey_page() -> Response {
    html(&PASSKEY)
}

/// An error for whoever asks: a page for a browser, the envelope for a program.
pub(super) fn trouble(headers: &HeaderMap, error: ApiError) -> Response {
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    if !accepts.is_some_and(|accepts| accepts.contains("text/html")) {
        return error.into_response();
    }
    let text = TROUBLE
        .replace("{message}", &escaped(&error.message))
        .replace("{hint}", &escaped(&error.hint));
    let mut response = error.into_response();
    let status = response.status();
    let mut page = html(&text);
    *page.status_mut() = status;
    // `retry-after` belongs to the status.
    if let Some(value) = response.headers_mut().remove(header::RETRY_AFTER) {
        page.headers_mut().insert(header::RETRY_AFTER, value);
    }
    page
}

fn html(text: &str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (headers, text.to_owned()).into_response()
}

fn page(template: &str) -> String {
    template.replace("/* style */", STYLE).replace("/* script */", SCRIPT)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_reads_a_page_and_a_program_the_envelope() {
        let error = || ApiError::invalid("<b>No</b> & \"no\"", "Again.");
        let mut headers = HeaderMap::new();
        let told = trouble(&headers, error());
        assert_eq!(told.headers()[header::CONTENT_TYPE], "application/json");
        headers.insert(header::ACCEPT, HeaderValue::from_static("text/html,*/*;q=0.8"));
        let told = trouble(&headers, error());
        assert_eq!(told.status(), 400);
        assert_eq!(told.headers()[header::CONTENT_TYPE], "text/html; charset=utf-8");
        assert_eq!(escaped("<b>&\""), "&lt;b&gt;&amp;&quot;");
    }

    #[test]
    fn pages_have_their_style_and_script() {
        for page in [&SIGN_IN, &PASSKEY, &TROUBLE] {
            assert!(page.contains("--accent") && !page.contains("/* s"));
        }
    }
}
