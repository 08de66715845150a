//! A client of the API, with or without a session.

use anyhow::{Context as _, ensure};
use api::{
    accounts::{Account, AccountCreate, Session, SessionCreate, SessionRefresh},
    error::Envelope,
};
use reqwest::{Method, RequestBuilder, Response};
use serde::de::DeserializeOwned;

/// Of every account that tests make.
pub const PASSWORD: &str = "four words no digit";

/// Requests to one server.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    /// The access token, once signed in.
    pub token: Option<String>,
}

impl Client {
    pub fn new(url: &str) -> anyhow::Result<Self> {
        // Fails where another test of this process was first, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http =
            reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { http, url: url.to_owned(), token: None })
    }

    /// A request to a path, with the token where there is one.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// The JSON behind a path.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> anyhow::Result<T> {
        success(self.request(Method::GET, path).send().await?).await
    }

    pub async fn sign_up(&self, email: &str) -> anyhow::Result<Account> {
        let body = AccountCreate {
            email: email.to_owned(),
            password: PASSWORD.to_owned(),
            display_name: None,
        };
        success(self.request(Method::POST, "/api/v1/accounts").json(&body).send().await?).await
    }

    pub async fn sign_in(&self, email: &str) -> anyhow::Result<Session> {
        let body = SessionCreate {
            email: email.to_owned(),
            password: PASSWORD.to_owned(),
            device_name: Some("a test".to_owned()),
            device_id: None,
            code: None,
            passkey: None,
        };
        success(self.request(Method::POST, "/api/v1/sessions").json(&body).send().await?).await
    }

    /// The answer as it comes: a test may want it to fail.
    pub async fn refresh(&self, refresh_token: &str) -> anyhow::Result<Response> {
        let body = SessionRefresh { refresh_token: refresh_token.to_owned(), retry_key: None };
        Ok(self.request(Method::POST, "/api/v1/sessions/refresh").json(&body).send().await?)
    }

    /// Signs up, signs in, and answers with a client of that session.
    pub async fn listener(&self, email: &str) -> anyhow::Result<Self> {
        self.sign_up(email).await?;
        Ok(self.clone().with_token(self.sign_in(email).await?.access_token))
    }

    pub fn with_token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    pub fn without_token(mut self) -> Self {
        self.token = None;
        self
    }
}

/// What a successful answer holds.
pub async fn success<T: DeserializeOwned>(response: Response) -> anyhow::Result<T> {
    let status = response.status();
    let body = response.bytes().await?;
    ensure!(status.is_success(), "{status}: {}", String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).context("the answer is not of the expected form")
}

/// The envelope of an answer that is a failure, checked for being whole.
pub async fn failure(response: Response) -> anyhow::Result<Envelope> {
    let status = response.status();
    let id = response.headers().get("x-request-id").cloned();
    let body = response.bytes().await?;
    let shown = String::from_utf8_lossy(&body);
    ensure!(!status.is_success(), "{status}: {shown}");
    let envelope: Envelope = serde_json::from_slice(&body)
        .with_context(|| format!("{status} without the envelope: {shown}"))?;
    ensure!(!envelope.error.message.is_empty(), "no message: {shown}");
    let header = id.as_ref().and_then(|id| id.to_str().ok());
    ensure!(header == Some(&envelope.error.request_id), "request ids differ: {header:?} {shown}");
    Ok(envelope)
}
