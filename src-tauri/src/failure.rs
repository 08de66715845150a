//! The window that says why the app cannot start, for a person who sees no log.

use anyhow::{Error, Result};
use tauri::{
    App, Manager, Runtime, UriSchemeContext, WebviewUrl, WebviewWindowBuilder,
    http::{Request, Response, header},
};
use tracing::error;

pub const SCHEME: &str = "failure";

/// The page, as HTML.
struct Page(String);

/// Opens a window with the reason and all its causes.
pub fn show(app: &App, reason: &Error) -> Result<()> {
    error!(error = format!("{reason:#}"), "the app cannot start");
    let causes: Vec<String> = reason.chain().map(|cause| escape(&cause.to_string())).collect();
    app.manage(Page(format!(
        "<!doctype html><meta charset=utf-8><title>MelodyUD</title><body style=\"background:#0e0e12;\
         color:#f4f4f7;font:16px/1.5 system-ui,sans-serif;padding:48px;max-width:560px\">\
         <h1 style=\"font-size:28px\">MelodyUD cannot start</h1><p>{}</p>\
         <p style=\"color:#a6a6b5\">Nothing is lost. Close this window, mend the cause and start \
         again.</p>",
        causes.join("</p><p style=\"color:#a6a6b5\">")
    )));
    let url = WebviewUrl::CustomProtocol(format!("{SCHEME}://localhost/").parse()?);
    WebviewWindowBuilder::new(app, "failure", url)
        .title("MelodyUD")
        .inner_size(640.0, 400.0)
        .on_navigation(|url| url.scheme() == SCHEME || url.host_str() == Some("failure.localhost"))
        .build()?;
    Ok(())
}

/// Serves the page.
pub fn respond<R: Runtime>(
    context: UriSchemeContext<'_, R>,
    _request: Request<Vec<u8>>,
) -> Response<Vec<u8>> {
    let page = context.app_handle().try_state::<Page>().map(|page| page.0.clone());
    let mut response = Response::new(page.unwrap_or_default().into_bytes());
    let html = header::HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, html);
    response
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
