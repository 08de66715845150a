//! The server, as seen from this device: requests with a valid token, and whether it answers.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak, atomic::AtomicBool},
    time::{Duration, Instant},
};

use ipc::{Fault, FaultKind};
use local_store::{Secrets, Store};
use reqwest::{Client, Method, Response, StatusCode, header, redirect};
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::{Mutex as AsyncMutex, watch};
use url::Url;

use crate::{address, fault, news::News};

mod bearer;
mod connection;
mod devices;
mod download;
mod secrets;
mod session;
mod sign_in;
mod step_up;
mod tokens;

pub(crate) use bearer::Bearer;
pub(crate) use session::Account;
pub(crate) use sign_in::provider_segment;
use tokens::Secret;

/// Longest answer that is read, in bytes: a page of 200 tracks has some 300 kB.
const ANSWER_BYTES_MAX: usize = 16 << 20;

/// One server and the session on it. Everything that speaks to it goes through here.
pub(crate) struct Server {
    http: Client,
    store: Store,
    news: News,
    device_name: String,
    secrets: Arc<Mutex<Option<Secrets>>>,
    signed: Mutex<Signed>,
    /// One renewal of the token at a time, and none while somebody signs in or out.
    renewing: AsyncMutex<()>,
    /// The last renewal was sent and not answered.
    is_unanswered: AtomicBool,
    is_closing: AtomicBool,
    this: Weak<Self>,
    /// Whose queue and pages are shown; `None` while nobody is signed in.
    owner: watch::Sender<Option<String>>,
    is_online: watch::Sender<bool>,
    /// Secrets have been looked for.
    is_ready: watch::Sender<bool>,
}

/// Who is signed in where, and with what.
#[derive(Clone, Default)]
struct Signed {
    server: Option<Url>,
    account: Option<Account>,
    access: Option<Access>,
    secret: Option<Secret>,
}

#[derive(Clone)]
struct Access {
    token: String,
    /// From here on it is renewed ahead.
    renew_at: Instant,
    expires_at: Instant,
}

/// One request; the path begins after `/api/v1`.
#[derive(Clone)]
pub(crate) struct Request<'a> {
    pub method: Method,
    pub path: &'a str,
    pub query: Vec<(&'static str, String)>,
    pub body: Option<Body>,
    pub etag: Option<&'a str>,
    /// How long it may take, where that is longer than usual.
    pub patience: Option<Duration>,
}

/// What a request brings.
#[derive(Clone)]
pub(crate) enum Body {
    Json(serde_json::Value),
    /// The file of an image.
    Jpeg(Vec<u8>),
}

impl<'a> Request<'a> {
    pub fn get(path: &'a str) -> Self {
        Self {
            method: Method::GET,
            path,
            query: Vec::new(),
            body: None,
            etag: None,
            patience: None,
        }
    }

    pub fn post(path: &'a str, body: &impl Serialize) -> Result<Self, Fault> {
        Self::with_body(Method::POST, path, body)
    }

    /// Where the path says it all.
    pub fn post_empty(path: &'a str) -> Self {
        Self { method: Method::POST, ..Self::get(path) }
    }

    pub fn patch(path: &'a str, body: &impl Serialize) -> Result<Self, Fault> {
        Self::with_body(Method::PATCH, path, body)
    }

    /// Where the path says it all.
    pub fn put_empty(path: &'a str) -> Self {
        Self { method: Method::PUT, ..Self::get(path) }
    }

    pub fn put_jpeg(path: &'a str, image: Vec<u8>) -> Self {
        Self { method: Method::PUT, body: Some(Body::Jpeg(image)), ..Self::get(path) }
    }

    pub fn delete(path: &'a str) -> Self {
        Self { method: Method::DELETE, ..Self::get(path) }
    }

    fn with_body(method: Method, path: &'a str, body: &impl Serialize) -> Result<Self, Fault> {
        let body = serde_json::to_value(body)
            .map_err(|error| fault::other(format!("The request cannot be made: {error}."), ""))?;
        Ok(Self { method, body: Some(Body::Json(body)), ..Self::get(path) })
    }
}

impl Server {
    /// `http` needs a TLS provider to be installed for the process.
    pub fn new(store: Store, news: News, device_name: String) -> Result<Arc<Self>, reqwest::Error> {
        let http = Client::builder()
            .user_agent(concat!("MelodyUD/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(20))
            .redirect(redirect::Policy::custom(same_origin))
            .build()?;
        Ok(Arc::new_cyclic(|this| Self {
            http,
            store,
            news,
            device_name,
            secrets: Arc::default(),
            signed: Mutex::default(),
            renewing: AsyncMutex::default(),
            is_unanswered: AtomicBool::new(false),
            is_closing: AtomicBool::new(false),
            this: this.clone(),
            owner: watch::Sender::new(None),
            is_online: watch::Sender::new(true),
            is_ready: watch::Sender::new(false),
        }))
    }

    fn signed(&self) -> MutexGuard<'_, Signed> {
        self.signed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn owner(&self) -> watch::Receiver<Option<String>> {
        self.owner.subscribe()
    }

    /// Whose data is to be shown now.
    pub fn owner_now(&self) -> Result<String, Fault> {
        self.owner.borrow().clone().ok_or_else(fault::signed_out)
    }

    /// Which server it is, as it is written.
    pub fn name(&self) -> Result<String, Fault> {
        self.signed().server.as_ref().map(address::text).ok_or_else(fault::signed_out)
    }

    /// Address of something on the server.
    pub fn url(&self, path: &str) -> Result<Url, Fault> {
        let server = self.signed().server.clone().ok_or_else(fault::signed_out)?;
        endpoint(&server, path)
    }

    /// Sends with a token, renewed when the server asks for it, and reads the answer.
    pub async fn json<T: DeserializeOwned>(&self, request: Request<'_>) -> Result<T, Fault> {
        let answer = self.send(&request).await?;
        self.read(answer).await
    }

    /// Sends with a token. Answers are successes or 304.
    pub async fn send(&self, request: &Request<'_>) -> Result<Response, Fault> {
        let url = self.url(request.path)?;
        let token = self.token(None).await?;
        match self.attempt(&url, request, Some(&token)).await {
            Err(fault) if fault.kind == FaultKind::SignedOut => {
                let token = self.token(Some(&token)).await?;
                let again = self.attempt(&url, request, Some(&token)).await;
                if again.as_ref().is_err_and(|fault| fault.kind == FaultKind::SignedOut) {
                    self.end_refused(&token).await;
                }
                again
            }
            answer => answer,
        }
    }

    /// Sends without a token: what lies open on the server.
    pub async fn send_open(&self, request: &Request<'_>) -> Result<Response, Fault> {
        let url = self.url(request.path)?;
        self.attempt(&url, request, None).await
    }

    async fn attempt(
        &self,
        url: &Url,
        request: &Request<'_>,
        token: Option<&str>,
    ) -> Result<Response, Fault> {
        let mut outgoing = self.http.request(request.method.clone(), url.clone());
        if !request.query.is_empty() {
            outgoing = outgoing.query(&request.query);
        }
        if let Some(token) = token {
            outgoing = outgoing.bearer_auth(token);
        }
        outgoing = match &request.body {
            Some(Body::Json(body)) => outgoing.json(body),
            Some(Body::Jpeg(image)) => {
                outgoing.header(header::CONTENT_TYPE, "image/jpeg").body(image.clone())
            }
            None => outgoing,
        };
        if let Some(patience) = request.patience {
            outgoing = outgoing.timeout(patience);
        }
        if let Some(etag) = request.etag {
            outgoing = outgoing.header(header::IF_NONE_MATCH, etag);
        }
        let answer = match outgoing.send().await {
            Ok(answer) => answer,
            Err(error) => return Err(self.unreachable(url, &error)),
        };
        self.seen_online();
        let status = answer.status();
        if status.is_success() || status == StatusCode::NOT_MODIFIED {
            return Ok(answer);
        }
        let is_gateway = matches!(status.as_u16(), 502..=504);
        let body = self.body(answer).await?;
        match serde_json::from_slice::<api::error::Envelope>(&body) {
            Ok(envelope) => Err(fault::answered(envelope.error)),
            // A proxy before a server that is away.
            Err(_) if is_gateway => Err(fault::offline(&address::host(url))),
            Err(_) => Err(fault::not_understood(&address::host(url))),
        }
    }

    pub async fn read<T: DeserializeOwned>(&self, answer: Response) -> Result<T, Fault> {
        let host = address::host(answer.url());
        let body = self.body(answer).await?;
        serde_json::from_slice(&body).map_err(|error| {
            tracing::error!(%error, "an answer was not understood");
            fault::not_understood(&host)
        })
    }

    /// A whole body, up to a bound.
    pub async fn body(&self, mut answer: Response) -> Result<Vec<u8>, Fault> {
        let url = answer.url().clone();
        let mut body = Vec::new();
        loop {
            match answer.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() <= ANSWER_BYTES_MAX => {
                    body.extend_from_slice(&chunk);
                }
                Ok(Some(_)) => return Err(fault::not_understood(&address::host(&url))),
                Ok(None) => return Ok(body),
                Err(error) => return Err(self.unreachable(&url, &error)),
            }
        }
    }
}

/// `path` below the API of the server at `server`.
fn endpoint(server: &Url, path: &str) -> Result<Url, Fault> {
    let text = format!("{}{}{path}", address::text(server), api::BASE);
    Url::parse(&text).map_err(|_| fault::not_understood(&address::host(server)))
}

/// Follows redirects within one origin only: tokens and covers come from nowhere else.
fn same_origin(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let is_same =
        attempt.previous().last().is_some_and(|last| last.origin() == attempt.url().origin());
    if is_same && attempt.previous().len() <= 5 { attempt.follow() } else { attempt.stop() }
}
