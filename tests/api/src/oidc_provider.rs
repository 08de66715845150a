//! A real OpenID Connect provider as a process: npm's `oidc-provider`, which `cargo xtask setup`
//! installs, with a person at its forms.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use reqwest::{Method, Response, header};
use serde_json::{Value, json};

/// Generous for a machine that builds at the same time.
const START_TIMEOUT: Duration = Duration::from_mins(1);

/// Of a sign-in there are eight.
const STEPS_MAX: usize = 20;

/// A running provider. Ends with the value.
pub struct OidcProvider {
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<String>,
    issuer: String,
}

/// What a person does at the forms.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Person<'a> {
    SignsIn(&'a str),
    GoesBack,
}

impl OidcProvider {
    /// Starts one that knows nobody yet.
    pub fn start() -> anyhow::Result<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../oidc-provider/server.mjs");
        let mut child = Command::new("node")
            .arg(script)
            .arg(crate::node::packages("oidc-provider")?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("start node: run `cargo xtask setup`")?;
        let stdin = child.stdin.take().context("its input is piped")?;
        let stdout = BufReader::new(child.stdout.take().context("its output is piped")?);
        let (send, lines) = channel();
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
        let mut provider = Self { child, stdin, lines, issuer: String::new() };
        provider.issuer = provider.line()?;
        Ok(provider)
    }

    /// `http://127.0.0.1:PORT`
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Starts over with new keys, one client and these people, whose claims are under their logins.
    pub fn configure(
        &mut self,
        redirect_uri: &str,
        people: &Value,
        settings: &Value,
    ) -> anyhow::Result<()> {
        let client = json!({
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "redirect_uris": [redirect_uri],
        });
        let line = json!({ "clients": [client], "people": people, "settings": settings });
        writeln!(self.stdin, "{line}")?;
        let said = self.line()?;
        ensure!(said == "ready", "the provider said {said:?}");
        Ok(())
    }

    fn line(&self) -> anyhow::Result<String> {
        self.lines.recv_timeout(START_TIMEOUT).context("the provider does not start")
    }
}

impl Drop for OidcProvider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub const CLIENT_ID: &str = "melodyud";
pub const CLIENT_SECRET: &str = "not a secret: of a test";

/// A browser that opens `url` and does at the forms of a provider as the person does, until it is
/// sent to an address that begins with `until`, which it does not open.
pub async fn browse(url: &str, person: Person<'_>, until: &str) -> anyhow::Result<String> {
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
    let mut cookies = BTreeMap::new();
    let mut next = (Method::GET, url.to_owned(), String::new());
    for _ in 0..STEPS_MAX {
        let (method, url, form) = next;
        if url.starts_with(until) {
            return Ok(url);
        }
        let jar: Vec<String> =
            cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let answer = http
            .request(method, &url)
            .header(header::COOKIE, jar.join("; "))
            .header(header::ACCEPT, "text/html")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form)
            .send()
            .await?;
        take_cookies(&answer, &mut cookies);
        next = match answer.headers().get(header::LOCATION) {
            Some(location) => {
                let to = answer.url().join(location.to_str()?)?;
                (Method::GET, to.into(), String::new())
            }
            None => step(answer, person).await?,
        };
    }
    bail!("it comes to no end")
}

/// What the person does with a form.
async fn step(answer: Response, person: Person<'_>) -> anyhow::Result<(Method, String, String)> {
    let (status, page) = (answer.status(), answer.url().clone());
    let html = answer.text().await?;
    ensure!(status.is_success() && html.contains("<form"), "{status} at {page}: {html}");
    let Person::SignsIn(login) = person else {
        return Ok((Method::GET, format!("{page}/abort"), String::new()));
    };
    let action = between(&html, "action=\"", "\"").context("the form has an action")?;
    let prompt = between(&html, "name=\"prompt\" value=\"", "\"").context("it says what it is")?;
    let form = format!("prompt={prompt}&login={login}&password=any");
    Ok((Method::POST, page.join(action)?.into(), form))
}

fn take_cookies(answer: &Response, cookies: &mut BTreeMap<String, String>) {
    for cookie in answer.headers().get_all(header::SET_COOKIE) {
        let pair = cookie.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
        if let Some((name, value)) = pair.split_once('=') {
            cookies.insert(name.to_owned(), value.to_owned());
        }
    }
    cookies.retain(|_, value| !value.is_empty());
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found)
}
