//! Where the browser brings the answer: an app's own address on its machine (RFC 8252, section
//! 7.3), and nowhere else.

use std::ops::RangeInclusive;

use api::sign_in::Loopback;
use url::{Host, Url};
use web::ApiError;

/// Of an address, in bytes.
const URI_BYTES_MAX: usize = 512;

/// Of the app's `state`, in bytes.
const STATE_BYTES: RangeInclusive<usize> = 16..=128;

/// Of a SHA-256 in base64url, in bytes.
const CHALLENGE_BYTES: usize = 43;

/// Refuses what is not the address of an app on the machine of the browser, or not well-formed.
pub fn check(asked: &Loopback) -> Result<(), ApiError> {
    if !is_loopback(&asked.redirect_uri) {
        return Err(ApiError::invalid(
            "`redirect_uri` is not a loopback address.",
            "Take http://127.0.0.1:PORT/.. or http://[::1]:PORT/.. (RFC 8252, section 7.3).",
        ));
    }
    if !STATE_BYTES.contains(&asked.state.len()) || !asked.state.bytes().all(is_plain) {
        return Err(ApiError::invalid(
            "`state` cannot be used.",
            "Take 16 to 128 random letters, digits, `-`, `.`, `_` and `~`.",
        ));
    }
    if asked.code_challenge.len() != CHALLENGE_BYTES || !asked.code_challenge.bytes().all(is_plain)
    {
        return Err(ApiError::invalid(
            "`code_challenge` is not a SHA-256 in base64url.",
            "Hash the `code_verifier` (RFC 7636, `S256`); leave out the padding.",
        ));
    }
    Ok(())
}

/// The address with a code, or with a word about what went wrong.
pub fn answer(loopback: &Loopback, outcome: Result<&str, &str>) -> String {
    let Ok(mut url) = Url::parse(&loopback.redirect_uri) else {
        return loopback.redirect_uri.clone();
    };
    let (name, value) = match outcome {
        Ok(code) => ("code", code),
        Err(word) => ("error", word),
    };
    url.query_pairs_mut().append_pair(name, value).append_pair("state", &loopback.state);
    url.into()
}

fn is_loopback(text: &str) -> bool {
    // A backslash or a control character is read differently by different readers.
    let is_odd = |byte: u8| !byte.is_ascii_graphic() || byte == b'\\';
    if text.len() > URI_BYTES_MAX || text.bytes().any(is_odd) {
        return false;
    }
    let Ok(url) = Url::parse(text) else { return false };
    // The very two: a name could lead elsewhere, and other addresses of the machine are reached
    // by others.
    let is_home = match url.host() {
        Some(Host::Ipv4(ip)) => ip.octets() == [127, 0, 0, 1],
        Some(Host::Ipv6(ip)) => ip.segments() == [0, 0, 0, 0, 0, 0, 0, 1],
        Some(Host::Domain(_)) | None => false,
    };
    let is_written_so =
        ["http://127.0.0.1:", "http://[::1]:"].iter().any(|start| text.starts_with(start));
    url.scheme() == "http"
        && is_home
        && is_written_so
        && url.port().is_some_and(|port| port != 0)
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none()
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loopback(redirect_uri: &str) -> Loopback {
        Loopback {
            redirect_uri: redirect_uri.to_owned(),
            state: "a".repeat(16),
            code_challenge: "b".repeat(43),
        }
    }

    #[test]
    fn only_the_machine_of_the_browser_gets_a_code() {
        for good in ["http://127.0.0.1:9/", "http://127.0.0.1:49152/a?b=c", "http://[::1]:9/x"] {
            assert!(check(&loopback(good)).is_ok(), "{good}");
        }
        for bad in [
            "",
            "http://127.0.0.1/",
            "http://127.0.0.1:0/",
            "https://127.0.0.1:9/",
            "http://localhost:9/",
            "http://127.0.0.2:9/",
            "http://2130706433:9/",
            "http://0x7f.1:9/",
            "http://192.168.0.1:9/",
            "http://evil.example:9/",
            "http://127.0.0.1:9@evil.example:9/",
            "http://127.0.0.1:9\\@evil.example/",
            "http://ann@127.0.0.1:9/",
            "http://127.0.0.1:9/#x",
            "http://127.0.0.1:9/\n",
            " http://127.0.0.1:9/",
            "http://127.0.0.1.evil.example:9/",
            "http://[::ffff:127.0.0.1]:9/",
            "http://[::]:9/",
            "javascript:alert(1)",
            "app://127.0.0.1:9/",
            &format!("http://127.0.0.1:9/{}", "a".repeat(600)),
        ] {
            assert!(check(&loopback(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn state_and_challenge_have_their_form() {
        let good = loopback("http://127.0.0.1:9/");
        for state in ["", "short", &"a".repeat(129), "with blanks in it..", "<script>alert(1)"] {
            assert!(check(&Loopback { state: state.into(), ..good.clone() }).is_err(), "{state}");
        }
        for challenge in ["", &"b".repeat(42), &"b".repeat(44), &format!("{}=", "b".repeat(42))] {
            let asked = Loopback { code_challenge: challenge.into(), ..good.clone() };
            assert!(check(&asked).is_err(), "{challenge}");
        }
    }

    #[test]
    fn an_answer_keeps_what_the_address_has() {
        let asked = loopback("http://127.0.0.1:9/back?a=1");
        let state = &asked.state;
        assert_eq!(
            answer(&asked, Ok("x-_")),
            format!("http://127.0.0.1:9/back?a=1&code=x-_&state={state}")
        );
        let refused = answer(&asked, Err("access_denied"));
        assert_eq!(
            refused,
            format!("http://127.0.0.1:9/back?a=1&error=access_denied&state={state}")
        );
    }
}
