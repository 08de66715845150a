//! Requests to providers: no redirects, no plain HTTP but on this machine, bounded in time and
//! size. What a provider says of where its parts are is not to be trusted blindly.

use std::{pin::Pin, sync::OnceLock, time::Duration};

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse, http};
use reqwest::{Client, redirect};
use url::{Host, Url};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(10);

/// Of an answer: metadata of large providers have 5 KB, their keys 3.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// Asks providers. What it asks with is made when it is first needed: most servers ask nobody.
#[derive(Default)]
pub struct Outward(OnceLock<Client>);

#[derive(Debug, thiserror::Error)]
pub enum OutwardError {
    #[error("{url} is neither https nor of this machine")]
    Forbidden { url: String },

    #[error("a provider does not answer")]
    Request(#[from] reqwest::Error),

    #[error("a provider's answer is longer than {ANSWER_BYTES_MAX} bytes")]
    TooLong,

    #[error("a provider's answer cannot be passed on")]
    Form(#[from] http::Error),
}

impl Outward {
    fn client(&self) -> Result<&Client, reqwest::Error> {
        if let Some(client) = self.0.get() {
            return Ok(client);
        }
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .build()?;
        Ok(self.0.get_or_init(|| client))
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, OutwardError> {
        let request = reqwest::Request::try_from(request)?;
        if !is_allowed(request.url()) {
            return Err(OutwardError::Forbidden { url: request.url().to_string() });
        }
        let mut answer = self.client()?.execute(request).await?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(OutwardError::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        let mut passed = http::Response::builder().status(answer.status());
        for (name, value) in answer.headers() {
            passed = passed.header(name, value);
        }
        Ok(passed.body(body)?)
    }
}

impl<'c> AsyncHttpClient<'c> for Outward {
    type Error = OutwardError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, OutwardError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

/// Whether something may be asked of it: nobody on the way can read or change it.
pub fn is_allowed(url: &Url) -> bool {
    let is_home = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => url.host().is_some(),
        "http" => is_home,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_asked_where_others_listen() {
        let check = |url: &str| is_allowed(&Url::parse(url).unwrap());
        for good in
            ["https://id.example/x", "http://127.0.0.1:9/", "http://localhost/", "http://[::1]/"]
        {
            assert!(check(good), "{good}");
        }
        for bad in
            ["http://id.example/", "http://10.0.0.1/", "file:///etc/passwd", "ftp://127.0.0.1/"]
        {
            assert!(!check(bad), "{bad}");
        }
    }
}
