//! The OpenAPI document of all routes. `openapi.json` beside this crate's manifest is its
//! committed form; `melodyud-server openapi` prints the present one.

use anyhow::Context as _;
use utoipa::openapi::{
    Components, Info, License, OpenApi, OpenApiBuilder,
    security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
};

use crate::{config::Config, wiring};

mod shared;

pub use shared::complete;

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
    let signature = ApiKeyValue::with_description(
        "signature",
        "A signed URL, as `stream_url_create` gives it: `expires`, `account` and `session` belong \
         to it.",
    );
    let components: &mut Components = document.components.get_or_insert_default();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    components.add_security_scheme("signed_url", SecurityScheme::ApiKey(ApiKey::Query(signature)));
    document
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
