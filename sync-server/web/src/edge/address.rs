//! Where a request comes from. Used to slow down guessing, never logged, never stored.

use std::{convert::Infallible, net::IpAddr, net::SocketAddr};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::request::Parts,
};

/// In the extensions of every request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IsBehindProxy(pub bool);

/// The address of the client: of the connection, or the last one the proxy in front added.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClientAddress {
    /// Absent only where no listener was (requests made inside the process).
    pub ip: Option<IpAddr>,
    /// The request came through some proxy, whether it is to be believed or not.
    pub is_forwarded: bool,
}

impl ClientAddress {
    /// On this very machine, and not through a proxy on it.
    pub fn is_local(&self) -> bool {
        !self.is_forwarded && self.ip.is_some_and(|ip| ip.to_canonical().is_loopback())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let connected = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        let is_believed = parts.extensions.get::<IsBehindProxy>().is_some_and(|is| is.0);
        let forwarded = parts.headers.get_all("x-forwarded-for").iter().next_back();
        // The proxy in front appends what it saw; everything before may be the client's words.
        let last = forwarded
            .and_then(|value| value.to_str().ok())
            .and_then(|list| list.rsplit(',').next())
            .and_then(|address| address.trim().parse().ok());
        // A proxy that we were told of need not say so itself.
        let is_forwarded =
            is_believed || forwarded.is_some() || parts.headers.contains_key("forwarded");
        let ip = if is_believed { last.or(connected) } else { connected };
        Ok(Self { ip, is_forwarded })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    async fn check(is_behind_proxy: bool, forwarded: Option<&str>) -> ClientAddress {
        let mut request = Request::builder();
        if let Some(value) = forwarded {
            request = request.header("x-forwarded-for", value);
        }
        let mut parts = request.body(()).unwrap().into_parts().0;
        parts.extensions.insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 9))));
        parts.extensions.insert(IsBehindProxy(is_behind_proxy));
        ClientAddress::from_request_parts(&mut parts, &()).await.unwrap()
    }

    #[tokio::test]
    async fn only_a_trusted_proxy_is_believed_and_only_its_last_word() {
        let local = Some(IpAddr::from([127, 0, 0, 1]));
        assert!(check(false, None).await.is_local());
        let liar = check(false, Some("10.0.0.1")).await;
        assert_eq!(liar.ip, local);
        assert!(!liar.is_local());
        let proxied = check(true, Some("10.0.0.1, 192.0.2.7")).await;
        assert_eq!(proxied.ip, Some(IpAddr::from([192, 0, 2, 7])));
        assert_eq!(check(true, Some("nonsense")).await.ip, local);
        assert!(!check(true, None).await.is_local());
    }
}
