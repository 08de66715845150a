//! The system browser: Chromium without a window, driven through WebDriver as a person would use
//! it, with an authenticator that it makes up (WebAuthn Level 3, section 11).

use std::{path::Path, process::Command, time::Duration};

use anyhow::{Context, Result, bail};
use fantoccini::{Client, ClientBuilder, Locator, elements::Element, key::Key};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

use crate::{
    process::{self, Process},
    wait,
};

/// How long a page may take to react to anything.
pub const LIMIT: Duration = Duration::from_mins(1);

/// A running browser with a profile of its own.
pub struct Browser {
    client: Client,
    /// Where its driver is asked for what WebDriver's clients do not know.
    session: String,
    driver: Process,
}

impl Browser {
    /// Opens one that keeps its things in `dir`.
    pub async fn open(dir: &Path) -> Result<Self> {
        let port = process::free_port()?;
        let mut command = Command::new("chromedriver");
        command.arg(format!("--port={port}"));
        let mut driver = Process::start("chromedriver", &mut command, dir)
            .context("chromedriver is missing: run `cargo xtask setup`")?;
        let profile = dir.join("chromium");
        let mut arguments = vec![format!("--user-data-dir={}", profile.display())];
        arguments.extend(ARGUMENTS.iter().map(|&argument| argument.to_owned()));
        let mut capabilities = serde_json::Map::new();
        capabilities.insert("browserName".into(), "chrome".into());
        capabilities.insert("goog:chromeOptions".into(), json!({ "args": arguments }));
        let url = format!("http://127.0.0.1:{port}");
        let connected = wait::until("the browser", LIMIT, async || {
            driver.check_alive()?;
            let mut builder = ClientBuilder::new(HttpConnector::new());
            Ok(Some(builder.capabilities(capabilities.clone()).connect(&url).await?))
        })
        .await;
        let client = connected.with_context(|| driver.log_tail())?;
        let id = client.session_id().await?.context("the session has an id")?;
        Ok(Self { client, session: format!("{url}/session/{id}"), driver })
    }

    /// Plugs in an authenticator that keeps passkeys and always recognises the person.
    pub async fn add_authenticator(&self) -> Result<()> {
        let asked = json!({
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": true,
            "hasUserVerification": true,
            "isUserVerified": true,
            "isUserConsenting": true,
        });
        let url = format!("{}/webauthn/authenticator", self.session);
        let answer = reqwest::Client::new().post(url).json(&asked).send().await?;
        if !answer.status().is_success() {
            bail!("no authenticator: {}", answer.text().await?);
        }
        Ok(())
    }

    pub async fn goto(&self, url: &str) -> Result<()> {
        self.client.goto(url).await.with_context(|| format!("open {url}"))
    }

    /// Waits for an element that can be seen.
    pub async fn find(&self, css: &str) -> Result<Element> {
        wait::until(&format!("{css} on the page"), LIMIT, async || {
            for element in self.client.find_all(Locator::Css(css)).await? {
                if element.is_displayed().await? {
                    return Ok(Some(element));
                }
            }
            Ok(None)
        })
        .await
        .with_context(|| self.driver.log_tail())
    }

    /// Waits until an element says something in which `is_it` is true; answers with it.
    pub async fn wait_for_text(&self, css: &str, is_it: impl Fn(&str) -> bool) -> Result<String> {
        wait::until(&format!("words in {css}"), LIMIT, async || {
            let text = self.find(css).await?.text().await?;
            Ok(is_it(&text).then_some(text))
        })
        .await
    }

    /// Types where the focus is.
    pub async fn press(&self, keys: &str) -> Result<()> {
        Ok(self.client.active_element().await?.send_keys(keys).await?)
    }

    pub async fn press_enter(&self) -> Result<()> {
        self.press(&Key::Enter.to_string()).await
    }

    /// What has the focus.
    pub async fn focused_id(&self) -> Result<Option<String>> {
        Ok(self.client.active_element().await?.attr("id").await?)
    }

    /// Runs a script in the page that calls `done` with its answer.
    pub async fn ask(&self, script: &str, argument: Value) -> Result<Value> {
        let script = format!("const [argument, done] = arguments; {script}");
        Ok(self.client.execute_async(&script, vec![argument]).await?)
    }

    pub async fn close(self) -> Result<()> {
        Ok(self.client.close().await?)
    }
}

/// Root may not have a sandbox, a machine without a screen has no GPU, and what a browser looks
/// for by itself is nobody's business in a test.
const ARGUMENTS: &[&str] = &[
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];
