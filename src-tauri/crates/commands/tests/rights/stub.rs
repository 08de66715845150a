//! A server that answers as it is told, and a device that is signed in on it.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
};
use commands::{Capture, Config, Facade, MemoryOutput, Output, Pace};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};

pub type Outcome = anyhow::Result<()>;

/// The access token that signing in gives.
pub const TOKEN: &str = "of-the-sign-in";

/// What was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Such as `POST /privacy/exports`, below the API.
    pub what: String,
    pub query: String,
    pub token: String,
    pub body: Value,
}

/// The server. What it is not told to answer, it does not know.
pub struct Stub {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: JoinHandle<()>,
    device: TempDir,
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Stub {
    /// Starts it and signs a device in.
    pub async fn start(
        answer: impl Fn(&Asked) -> Option<Response> + Send + Sync + 'static,
    ) -> anyhow::Result<(Self, Facade)> {
        let stub = Self::serve(answer).await?;
        let facade = stub.open(stub.config()).await?;
        stub.sign_in(&facade).await?;
        Ok((stub, facade))
    }

    pub async fn serve(
        answer: impl Fn(&Asked) -> Option<Response> + Send + Sync + 'static,
    ) -> anyhow::Result<Self> {
        // Fails where another test of this process was first, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let (log, answer) = (Arc::clone(&asked), Arc::new(answer));
        let handler = move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            let asked = read(&method, &uri, &headers, &body);
            log.lock().expect("nobody panics holding it").push(asked.clone());
            let answer = answer(&asked).or_else(|| sign_in(&asked)).unwrap_or_else(not_found);
            std::future::ready(answer)
        };
        let router = Router::new().fallback(handler);
        let task = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("it runs until it is aborted");
        });
        Ok(Self { url, asked, task, device: tempfile::tempdir()? })
    }

    /// With the password.
    pub async fn sign_in(&self, facade: &Facade) -> Outcome {
        let call = ipc::SignIn {
            server_url: self.url.clone(),
            email: "ann@music.example".into(),
            password: "four words no digit".into(),
            code: None,
        };
        said(facade.session_sign_in(call).await).map(drop)
    }

    pub fn config(&self) -> Config {
        let mut config = Config::new(self.device.path().join("data"));
        config.download_dir = self.downloads();
        config.with_keyring = false;
        config.output = Some(Output::Memory(MemoryOutput {
            sample_rate: 48_000,
            channels: 2,
            pace: Pace::RealTime,
            capture: Capture::default(),
        }));
        config
    }

    pub async fn open(&self, config: Config) -> anyhow::Result<Facade> {
        Ok(Facade::open(config).await?)
    }

    pub fn downloads(&self) -> std::path::PathBuf {
        self.device.path().join("downloads")
    }

    /// All that was asked under this name so far.
    pub fn asked(&self, what: &str) -> Vec<Asked> {
        let asked = self.asked.lock().expect("nobody panics holding it");
        asked.iter().filter(|asked| asked.what == what).cloned().collect()
    }
}

fn read(method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Asked {
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    Asked {
        what: format!("{method} {}", uri.path().trim_start_matches(api::BASE)),
        query: uri.query().unwrap_or_default().to_owned(),
        token: token.unwrap_or_default().trim_start_matches("Bearer ").to_owned(),
        body: serde_json::from_slice(body).unwrap_or_default(),
    }
}

fn sign_in(asked: &Asked) -> Option<Response> {
    (asked.what == "POST /sessions").then(|| ok(&session(ANN, TOKEN)))
}

/// The id of who signs in with the password.
pub const ANN: &str = "01938e3c-5f6e-7cc0-8d1a-111111111111";

/// A session as it is when it was opened.
pub fn session(account: &str, token: &str) -> Value {
    json!({
        "id": ANN,
        "device_id": ANN,
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": 600,
        "refresh_token": "for-the-next",
        "account": {
            "id": account,
            "email": "ann@music.example",
            "display_name": "Ann",
            "roles": ["listener", "compliance_officer"],
            "created_at_us": 0,
        },
    })
}

fn not_found() -> Response {
    refusal(StatusCode::NOT_FOUND, "not_found", "There is no such thing.")
}

pub fn ok(body: &impl serde::Serialize) -> Response {
    axum::Json(body).into_response()
}

pub fn refusal(status: StatusCode, code: &str, message: &str) -> Response {
    let error =
        json!({ "code": code, "message": message, "hint": "", "request_id": "0123456789abcdef" });
    (status, axum::Json(json!({ "error": error }))).into_response()
}

pub fn said<T>(answer: Result<T, ipc::Fault>) -> anyhow::Result<T> {
    answer.map_err(|fault| anyhow::anyhow!("{fault:?}"))
}
