//! Covers for the interface, `cover://localhost/{id}?size=300`, and the picture of who is signed
//! in, `cover://localhost/avatar-{id}`.

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
    let Some((facade, wanted)) = facade.zip(parse(request.uri())) else {
        return responder.respond(refusal());
    };
    async_runtime::spawn(async move {
        let (image, lasting) = match wanted {
            // The id is the hash of the content.
            Wanted::Cover(id, size) => {
                (facade.cover(id, size).await, "public, max-age=31536000, immutable")
            }
            Wanted::Avatar(id) => (facade.avatar(&id).await, "no-store"),
        };
        let answer = match image {
            Ok(image) => Response::builder()
                .header(header::CONTENT_TYPE, image.content_type)
                .header(header::CACHE_CONTROL, lasting)
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

/// What an address asks for.
#[derive(PartialEq, Eq, Debug)]
enum Wanted {
    Cover(CoverId, CoverSize),
    Avatar(String),
}

/// Of a cover, the middle size where the address names none.
fn parse(uri: &Uri) -> Option<Wanted> {
    let name = uri.path().trim_start_matches('/');
    if let Some(id) = name.strip_prefix("avatar-") {
        return Some(Wanted::Avatar(id.to_owned()));
    }
    let id = name.parse().ok()?;
    let size = uri.query().into_iter().flat_map(|query| query.split('&'));
    let size = size.filter_map(|pair| pair.strip_prefix("size=")).next_back().unwrap_or("300");
    Some(Wanted::Cover(id, CoverSize::from_name(size)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(address: &str, expected: Option<CoverSize>) {
        let found = parse(&address.parse().unwrap());
        let size = found.map(|wanted| match wanted {
            Wanted::Cover(_, size) => size,
            Wanted::Avatar(id) => panic!("{address} asks for the picture {id}"),
        });
        assert_eq!(size, expected, "{address}");
    }

    #[test]
    fn addresses_name_a_picture() {
        let found = parse(&"cover://localhost/avatar-0a1b".parse().unwrap());
        assert_eq!(found, Some(Wanted::Avatar("0a1b".into())));
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
