//! The system's browser, which is here whoever reads the addresses it is to open.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use anyhow::Context as _;
use axum::response::Response;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use commands::Browser;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use url::Url;

use crate::stub::ok;

/// A browser that goes nowhere by itself.
pub struct Opened {
    pub urls: mpsc::UnboundedReceiver<String>,
    pub n_returns: Arc<AtomicUsize>,
}

/// Where the browser was sent, taken apart.
pub struct Sent {
    pub url: Url,
    pub query: HashMap<String, String>,
}

impl Opened {
    pub fn new() -> (Browser, Self) {
        let (opened, urls) = mpsc::unbounded_channel();
        let n_returns = Arc::<AtomicUsize>::default();
        let count = Arc::clone(&n_returns);
        let open = move |url: &str| opened.send(url.to_owned()).map_err(|error| error.to_string());
        let returned = move || {
            count.fetch_add(1, Ordering::SeqCst);
        };
        (Browser::new(open, returned), Self { urls, n_returns })
    }

    pub async fn next(&mut self) -> anyhow::Result<Sent> {
        let url: Url = self.urls.recv().await.context("the browser is opened")?.parse()?;
        let query = url.query_pairs().into_owned().collect();
        Ok(Sent { url, query })
    }
}

impl Sent {
    /// Comes back with this; answers with status and page.
    pub async fn back(
        &self,
        name: &str,
        value: &str,
        state: &str,
    ) -> anyhow::Result<(u16, String)> {
        let mut url: Url = self.query["redirect_uri"].parse()?;
        url.query_pairs_mut().append_pair(name, value).append_pair("state", state);
        let answer = reqwest::get(url).await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    pub async fn back_with(&self, name: &str, value: &str) -> anyhow::Result<(u16, String)> {
        self.back(name, value, &self.query["state"]).await
    }
}

/// What a server with two providers takes.
pub fn options() -> Response {
    ok(&json!({
        "providers": [{ "id": "hub", "name": "Hub" }, { "id": "other", "name": "Other" }],
        "page": "https://music.example/account/sign-in",
    }))
}

/// Whether a code comes from the app that began: codes are the challenge itself here.
pub fn is_proven(shown: &Value) -> bool {
    let verifier = shown["code_verifier"].as_str().unwrap_or_default();
    shown["code"] == URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}
