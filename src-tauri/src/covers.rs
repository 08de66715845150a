//! Covers for the interface: `cover://localhost/{id}?size=300`.

use commands::{CoverSize, Facade};
use domain::CoverId;
use tauri::{
    Manager, Runtime, UriSchemeContext, UriSchemeResponder, async_runtime,
    http::{Request, Response, StatusCode, Uri, header},
};
use tracing::debug;

pub const SCHEME: &str = "cover";

/// Answers with the image, or 404 where there is none.
pub fn respond<R: Runtime>(
    context: UriSchemeContext<'_, R>,
    request: Request<Vec<u8>>,
    responder: UriSchemeResponder,
) {
    let facade = context.app_handle().try_state::<Facade>().map(|facade| facade.inner().clone());
    let Some((facade, (id, size))) = facade.zip(parse(request.uri())) else {
        return responder.respond(refusal());
    };
    async_runtime::spawn(async move {
        let answer = match facade.cover(id, size).await {
            Ok(image) => Response::builder()
                .header(header::CONTENT_TYPE, image.content_type)
                // The id is the hash of the content.
                .header(header::CACHE_CONTROL, "public, max-age=31536000, immutable")
                .body(image.bytes)
                .unwrap_or_else(|_| refusal()),
            Err(fault) => {
                debug!(message = fault.message, "no cover");
                refusal()
            }
        };
        responder.respond(answer);
    });
}

fn refusal() -> Response<Vec<u8>> {
    let mut response = Response::new(Vec::new());
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

/// The cover and the size that an address asks for; the middle size where it names none.
fn parse(uri: &Uri) -> Option<(CoverId, CoverSize)> {
    let id = uri.path().trim_start_matches('/').parse().ok()?;
    let size = uri.query().into_iter().flat_map(|query| query.split('&'));
    let size = size.filter_map(|pair| pair.strip_prefix("size=")).next_back().unwrap_or("300");
    Some((id, CoverSize::from_name(size)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(address: &str, expected: Option<CoverSize>) {
        let found = parse(&address.parse().unwrap());
        assert_eq!(found.map(|(_, size)| size), expected, "{address}");
    }

    #[test]
    fn addresses_name_a_cover_and_a_size() {
        let id = "0123456789abcdef".repeat(4);
        check(&format!("cover://localhost/{id}?size=64"), Some(CoverSize::Px64));
        check(&format!("http://cover.localhost/{id}"), Some(CoverSize::Px300));
        check(&format!("cover://localhost/{id}?size=9999"), None);
        check("cover://localhost/../../etc/passwd?size=64", None);
        check("cover://localhost/", None);
    }
}
