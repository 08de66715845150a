//! The OpenAPI document of all routes. `openapi.json` beside this crate's manifest is its
//! committed form; `melodyud-server openapi` prints the present one.

use anyhow::Context as _;
use utoipa::openapi::{
    Content, Info, License, OpenApi, OpenApiBuilder, PathItem, Ref, Response,
    path::Operation,
    security::{Http, HttpAuthScheme, SecurityScheme},
};

use crate::{config::Config, wiring};

/// The head of the document: what it is about, and how one signs in.
pub fn head() -> OpenApi {
    let mut info = Info::new("MelodyUD", env!("CARGO_PKG_VERSION"));
    info.description = Some(
        "A music service that anyone can run. Errors are one envelope, \
         `{\"error\":{\"code\",\"message\",\"hint\",\"request_id\"}}`; branch on `code` only. \
         Times are microseconds since 1970, durations milliseconds. Lists are paged: pass \
         `next_cursor` as `cursor` for the next page."
            .to_owned(),
    );
    info.license = Some(License::new("MIT OR Apache-2.0"));
    let mut document = OpenApiBuilder::new().info(info).build();
    let mut bearer = Http::new(HttpAuthScheme::Bearer);
    bearer.bearer_format = Some("JWT".to_owned());
    bearer.description = Some("The `access_token` of a session.".to_owned());
    document
        .components
        .get_or_insert_default()
        .add_security_scheme("bearer", SecurityScheme::Http(bearer));
    document
}

/// Adds the failures that the layers around all routes answer with, to each operation that does
/// not tell of them itself.
pub fn with_failures(mut document: OpenApi) -> OpenApi {
    for item in document.paths.paths.values_mut() {
        let PathItem { get, put, post, delete, patch, head, .. } = item;
        for operation in [get, put, post, delete, patch].into_iter().flatten() {
            let failure = |description: &str| {
                let mut response = Response::new(description);
                let body = Content::new(Some(Ref::from_schema_name("Envelope")));
                response.content.insert("application/json".to_owned(), body.into());
                response
            };
            tell(operation, failure);
        }
        // Answers to HEAD have no body.
        if let Some(operation) = head {
            tell(operation, |description| Response::new(description));
        }
    }
    document
}

fn tell(operation: &mut Operation, failure: impl Fn(&str) -> Response) {
    let has_body = operation.request_body.is_some();
    let has_parameters = operation.parameters.as_ref().is_some_and(|all| !all.is_empty());
    let failures = [
        ("400", has_body || has_parameters, "A parameter or the body is not as it must be"),
        ("408", has_body, "The body came too slowly"),
        ("413", has_body, "The body is too large"),
        ("415", has_body, "The body is not declared as JSON"),
        ("500", true, "A fault of the server"),
        ("503", true, "Not now; `retry-after` says when"),
    ];
    for (status, _, description) in failures.into_iter().filter(|(_, may_be, _)| *may_be) {
        let responses = &mut operation.responses.responses;
        responses.entry(status.to_owned()).or_insert_with(|| failure(description).into());
    }
}

/// The document as text.
pub fn render(document: &OpenApi) -> anyhow::Result<String> {
    let mut text = document.to_pretty_json().context("cannot write the OpenAPI document")?;
    text.push('\n');
    Ok(text)
}

/// The document of the service as it is wired, which takes no data: it is put together in a
/// folder that is gone afterwards.
pub async fn text() -> anyhow::Result<String> {
    let folder = std::env::temp_dir().join(format!("melodyud-openapi-{}", std::process::id()));
    let mut config = Config::default();
    config.storage.data = Some(folder.clone());
    let text = match wiring::assemble(&config, None).await {
        Ok(server) => Ok(server.stop().await),
        Err(error) => Err(error),
    };
    // The system empties this place as well.
    let _ = std::fs::remove_dir_all(&folder);
    text
}
