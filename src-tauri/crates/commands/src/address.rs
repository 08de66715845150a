//! Addresses of servers, as people type them.

use std::net::IpAddr;

use ipc::Fault;
use url::{Host, Url};

use crate::fault;

/// Longest address that is looked at, in bytes.
const ADDRESS_MAX: usize = 2_000;

/// Reads `music.example`, `localhost:4600` or a whole URL. Without a scheme it is `http` on this
/// machine itself and `https` everywhere else. The result has no path end, query or fragment.
pub(crate) fn parse(typed: &str) -> Result<Url, Fault> {
    let typed = typed.trim();
    let wrong = |why: &str| {
        fault::invalid(
            format!("“{typed}” is not the address of a server: {why}."),
            "An address looks like music.example or localhost:4600.",
        )
    };
    if typed.is_empty() {
        return Err(fault::invalid(
            "The address of the server is missing.",
            "An address looks like music.example or localhost:4600.",
        ));
    }
    if typed.len() > ADDRESS_MAX {
        return Err(fault::invalid("The address of the server is too long.", ""));
    }
    let has_scheme = typed.contains("://");
    let with_scheme = if has_scheme { typed.to_owned() } else { format!("https://{typed}") };
    let mut url = Url::parse(&with_scheme).map_err(|error| wrong(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("it has to begin with https:// or http://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("name and password do not belong into it"));
    }
    let Some(host) = url.host() else { return Err(wrong("it names no computer")) };
    if !has_scheme && is_loopback(&host) {
        url = Url::parse(&format!("http://{typed}")).map_err(|error| wrong(&error.to_string()))?;
    }
    url.set_query(None);
    url.set_fragment(None);
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => IpAddr::V4(*address).is_loopback(),
        Host::Ipv6(address) => IpAddr::V6(*address).is_loopback(),
    }
}

/// How an address is written: without the slash that stands for no path.
pub(crate) fn text(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

/// Whom the listener is told about.
pub(crate) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(typed: &str, understood: &str) {
        assert_eq!(parse(typed).map(|url| text(&url)).as_deref(), Ok(understood), "{typed}");
    }

    #[test]
    fn address_is_understood_as_people_type_it() {
        check("music.example", "https://music.example");
        check("  music.example/  ", "https://music.example");
        check("Music.Example:8443", "https://music.example:8443");
        check("localhost:4600", "http://localhost:4600");
        check("127.0.0.1:4600", "http://127.0.0.1:4600");
        check("[::1]:4600", "http://[::1]:4600");
        check("192.168.1.4:4600", "https://192.168.1.4:4600");
        check("http://192.168.1.4:4600", "http://192.168.1.4:4600");
        check("https://music.example/melody/?a=b#c", "https://music.example/melody");
        check("https://localhost:4600", "https://localhost:4600");
    }

    #[test]
    fn what_is_no_address_is_refused_in_words() {
        for typed in
            ["", "ftp://music.example", "https://", "ann:pw@music.example", "a b", "file:///etc"]
        {
            let fault = parse(typed).unwrap_err();
            assert_eq!(fault.kind, ipc::FaultKind::Invalid, "{typed}");
        }
    }
}
