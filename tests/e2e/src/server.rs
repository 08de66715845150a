//! The backend as its own process.

use std::{
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use api::{catalog::Page, search::SearchAnswer};
use domain::{Track, TrackId};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{
    process::{self, Process},
    wait,
};

const START_LIMIT: Duration = Duration::from_secs(40);

/// In the data folder of servers that were configured before they started.
pub const CONFIG_FILE: &str = "server.toml";

/// Pages of a list that are read at most.
const PAGES_MAX: usize = 20;

/// A running server on the loopback.
pub struct Server {
    process: Process,
    data_dir: PathBuf,
    logs: PathBuf,
    port: u16,
}

/// Someone who listens.
#[derive(Clone, Debug)]
pub struct Listener {
    pub display_name: String,
    pub email: String,
    pub password: String,
}

impl Listener {
    pub fn demo() -> Self {
        Self {
            display_name: "Demo Listener".into(),
            email: "listener@demo.example".into(),
            password: "press play and listen".into(),
        }
    }
}

impl Server {
    /// Starts a server on a free port and waits until it is ready.
    pub async fn start(data_dir: &Path, logs: &Path) -> Result<Self> {
        Self::start_on(process::free_port()?, data_dir, logs).await
    }

    /// Starts a server where clients expect it.
    pub async fn start_on(port: u16, data_dir: &Path, logs: &Path) -> Result<Self> {
        let mut command = Command::new(process::built("melodyud-server")?);
        command
            .arg("serve")
            .arg("--data")
            .arg(data_dir)
            .args(["--listen", &format!("127.0.0.1:{port}")]);
        let config = data_dir.join(CONFIG_FILE);
        if config.is_file() {
            command.arg("--config").arg(config);
        }
        let process = Process::start("server", &mut command, logs)?;
        let mut server =
            Self { process, data_dir: data_dir.to_owned(), logs: logs.to_owned(), port };
        let ready = format!("{}/readyz", server.url());
        let end = tokio::time::Instant::now() + START_LIMIT;
        while !reqwest::get(&ready).await.is_ok_and(|answer| answer.status().is_success()) {
            server.process.check_alive()?;
            if tokio::time::Instant::now() > end {
                bail!("the server is not ready:\n{}", server.process.log_tail());
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        Ok(server)
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Fails with its log when it ended by itself.
    pub fn check_alive(&mut self) -> Result<()> {
        self.process.check_alive()
    }

    /// Ends it as a crash would, and hands over what a restart needs.
    pub fn crash(self) -> Result<Crashed> {
        self.process.kill()?;
        Ok(Crashed { data_dir: self.data_dir, logs: self.logs, port: self.port })
    }

    /// Asks it to shut down; it must do so cleanly.
    pub fn stop(self) -> Result<()> {
        let status = self.process.terminate()?;
        if !status.success() {
            bail!("the server ended with {status}");
        }
        Ok(())
    }

    /// Imports a folder by the server's own command, beside the running server.
    pub async fn import(&self, music: &Path) -> Result<String> {
        let mut import = Command::new(process::built("melodyud-server")?);
        import.arg("import").arg(music).arg("--data").arg(&self.data_dir);
        let printed = process::run_long(import)
            .await
            .with_context(|| format!("import {}", music.display()))?;
        Ok(String::from_utf8_lossy(&printed).into_owned())
    }

    /// Creates the account; one that is there already is fine.
    pub async fn account_create(&self, listener: &Listener) -> Result<()> {
        let body = json!({
            "display_name": listener.display_name,
            "email": listener.email,
            "password": listener.password,
        });
        let answer = reqwest::Client::new().post(self.at("accounts")).json(&body).send().await?;
        if answer.status().is_success() || answer.status().as_u16() == 409 {
            return Ok(());
        }
        bail!("account_create answered {}: {}", answer.status(), answer.text().await?)
    }

    /// An access token of the listener's.
    pub async fn sign_in(&self, listener: &Listener) -> Result<String> {
        let body = json!({ "email": listener.email, "password": listener.password, "device_name": "test" });
        let answer = reqwest::Client::new().post(self.at("sessions")).json(&body).send().await?;
        let session: Value = answer.error_for_status()?.json().await?;
        let token = session.get("access_token").and_then(Value::as_str);
        Ok(token.context("the session has an access token")?.to_owned())
    }

    /// Asks as a signed-in listener; `path` is what follows `/api/v1/`.
    pub async fn get<T: DeserializeOwned>(
        &self,
        token: &str,
        path: &str,
        query: &[(&str, &str)],
    ) -> Result<T> {
        let request = reqwest::Client::new().get(self.at(path)).query(query).bearer_auth(token);
        Ok(request.send().await?.error_for_status()?.json().await?)
    }

    /// Changes something as a signed-in listener.
    pub async fn post(&self, token: &str, path: &str, body: &Value) -> Result<()> {
        let request = reqwest::Client::new().post(self.at(path)).json(body).bearer_auth(token);
        request.send().await?.error_for_status()?;
        Ok(())
    }

    /// All tracks there are, up to [`PAGES_MAX`] pages of them.
    pub async fn tracks(&self, token: &str) -> Result<Vec<Track>> {
        let mut tracks = Vec::new();
        let mut cursor = String::new();
        for _ in 0..PAGES_MAX {
            let query = [("limit", "200"), ("cursor", &cursor)];
            let query = if cursor.is_empty() { &query[..1] } else { &query };
            let page: Page<Track> = self.get(token, "tracks", query).await?;
            tracks.extend(page.items);
            match page.next_cursor {
                Some(next) => cursor = next,
                None => break,
            }
        }
        Ok(tracks)
    }

    /// The track that a search finds first.
    pub async fn first_hit(&self, token: &str, query: &str) -> Result<Option<Track>> {
        let query = [("q", query), ("limit", "5")];
        let found: SearchAnswer = self.get(token, "search", &query).await?;
        Ok(found.tracks.into_iter().next().map(|hit| hit.item))
    }

    /// Waits until the search knows what was imported.
    pub async fn wait_until_found(&self, token: &str, query: &str) -> Result<()> {
        wait::until(&format!("the search to find {query}"), Duration::from_mins(1), async || {
            Ok(self.first_hit(token, query).await?.map(drop))
        })
        .await
    }

    /// Brings the file behind a track, as the player gets it.
    pub async fn download(&self, token: &str, track: TrackId, to: &Path) -> Result<()> {
        let url = self.at(&format!("tracks/{track}/stream"));
        let request = reqwest::Client::new().get(url).bearer_auth(token);
        let mut answer = request.send().await?.error_for_status()?;
        let mut file = File::create(to)?;
        while let Some(bytes) = answer.chunk().await? {
            file.write_all(&bytes)?;
        }
        Ok(())
    }

    fn at(&self, path: &str) -> String {
        format!("{}/api/v1/{path}", self.url())
    }
}

/// What is left of a server that crashed.
pub struct Crashed {
    data_dir: PathBuf,
    logs: PathBuf,
    port: u16,
}

impl Crashed {
    /// Starts again on the same data and port.
    pub async fn restart(self) -> Result<Server> {
        Server::start_on(self.port, &self.data_dir, &self.logs).await
    }
}
