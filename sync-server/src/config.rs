//! The configuration: a TOML file and the environment, each field with a default, so that none
//! of it is needed. Read once, here, and passed on. Unknown keys are errors.
//!
//! The variable of a field is [`VARIABLE_PREFIX`], its section and its name, in capitals with
//! two underscores between: `http.listen` is `MELODYUD_SERVER_HTTP__LISTEN`. Environment beats
//! file, command line beats both.

mod layers;
pub mod plans;
pub mod privacy;

use std::{
    env,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, bail};
use axum::http::HeaderValue;
use serde::Deserialize;

pub use layers::VARIABLE_PREFIX;

/// Names the configuration file.
pub const FILE_VARIABLE: &str = "MELODYUD_SERVER_CONFIG";

/// Everything.
#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub http: Http,
    pub storage: Storage,
    pub import: Import,
    pub uploads: Uploads,
    pub accounts: Accounts,
    pub mail: Mail,
    pub privacy: Privacy,
    /// Providers that people may sign in with, each an `[[oidc]]`, in the order in which they are
    /// shown. In the file only. Default: none.
    pub oidc: Vec<Oidc>,
    pub log: Log,
}

/// How the service is reached.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// Address and port. Default: `127.0.0.1:4600`, this machine only. Put a proxy with TLS in
    /// front before you name a public address.
    pub listen: String,
    /// Where people reach the service, such as `https://music.example.org`: what links in mails
    /// begin with. Default: `http://` and what it listens on.
    pub public_url: Option<String>,
    /// Whether a reverse proxy stands in front, whose `x-forwarded-for` names the client.
    /// Default: false.
    pub is_behind_proxy: bool,
    /// Origins of web pages that may call the API, such as `https://player.example.org`.
    /// Default: none; the app needs none.
    pub cors_origins: Vec<String>,
    /// Open connections at once. Default: 800.
    pub n_connections_max: usize,
    /// Of those, from one address. Default: 200. Not for connections from this machine, nor
    /// behind a proxy, which are all of one address.
    pub n_connections_per_address_max: usize,
    /// Requests at work at once. Default: 256.
    pub n_requests_max: usize,
    /// Seconds until an answer must have begun. Default: 30.
    pub request_timeout_s: u64,
    /// Seconds that answers under way have when the service stops. Default: 10.
    pub drain_timeout_s: u64,
}

/// Where data is kept.
#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Storage {
    /// Folder of everything that is not elsewhere. Default: `melodyud/server` in the user's
    /// data folder (`$XDG_DATA_HOME`, or `~/.local/share`).
    pub data: Option<PathBuf>,
    /// URL of the database: `sqlite://..`, or `postgres://..` in builds with that feature.
    /// Default: `melodyud.db` in the data folder.
    pub database: Option<String>,
}

/// How music is imported.
#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Import {
    /// Files decoded at once. Default: 0, as many as there are cores.
    pub n_workers: usize,
}

/// What creators may bring.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Uploads {
    /// Megabytes of one file. Default: 4096.
    pub file_mb_max: u64,
    /// Megabytes of all files of one creator that were not published yet. Default: 20480.
    pub quota_mb: u64,
    /// Megabytes that stay free on the disk for the rest of the server: files are refused before.
    /// Default: 1000, or a twentieth of a small disk.
    pub free_mb_min: Option<u64>,
    /// Days that a file is kept after the last piece of it came, 1 to 90. Default: 7.
    pub kept_days: u32,
    /// Pieces of files that come in at once; of one creator, a fourth of that. Default: 128.
    pub n_pieces_max: usize,
}

impl Default for Uploads {
    fn default() -> Self {
        Self {
            file_mb_max: 4_096,
            quota_mb: 20_480,
            free_mb_min: None,
            kept_days: 7,
            n_pieces_max: 128,
        }
    }
}

impl Uploads {
    /// What the service needs of it. `folder` is where files come in.
    pub fn settings(&self, folder: PathBuf) -> anyhow::Result<svc_uploads::Settings> {
        let Self { file_mb_max, quota_mb, free_mb_min, kept_days, n_pieces_max } = *self;
        if file_mb_max == 0 || quota_mb == 0 || n_pieces_max == 0 || !(1..=90).contains(&kept_days)
        {
            bail!("uploads: a limit of 0 would let nothing in, or the days are not 1 to 90");
        }
        Ok(svc_uploads::Settings {
            folder,
            file_bytes_max: file_mb_max.saturating_mul(1_000_000),
            free_bytes_min: free_mb_min.map(|mb| mb.saturating_mul(1_000_000)),
            quota_bytes: quota_mb.saturating_mul(1_000_000),
            n_days_kept: kept_days,
            n_pieces_max,
        })
    }
}

/// What accounts can have.
#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Accounts {
    /// TOML file of the plans on offer, each a `[[plan]]` with `id`, `name`, `n_members`,
    /// `trial_days`, `grace_days` and perhaps `is_for_students`. Default: individual, family and
    /// student, with a trial of 30 days and 7 days of grace.
    pub plans: Option<PathBuf>,
}

/// How mails go out.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mail {
    /// URL of the SMTP server: `smtps://user:password@mail.example.org` (TLS), or
    /// `smtp://user:password@mail.example.org?tls=required` (STARTTLS). Default: none, and mails
    /// are written to files in the data folder.
    pub smtp: Option<String>,
    /// Who they are from. Default: `MelodyUD <melodyud@localhost>`.
    pub from: String,
}

impl Default for Mail {
    fn default() -> Self {
        Self { smtp: None, from: "MelodyUD <melodyud@localhost>".to_owned() }
    }
}

/// Someone who vouches for persons by OpenID Connect. What it is told as redirect URI is
/// `http.public_url` with `/api/v1/oidc/ID/callback` behind it.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oidc {
    /// Lower case letters, digits and `-`. It stays with the accounts that are linked: do not give
    /// it to another provider.
    pub id: String,
    /// For people, such as `Acme`.
    pub name: String,
    /// As the provider writes it, such as `https://id.example.org`.
    pub issuer: String,
    /// What the provider calls this service.
    pub client_id: String,
    /// Default: none, for providers that trust PKCE alone.
    #[serde(default)]
    pub client_secret: Option<String>,
    /// Default: `openid`, `email` and `profile`. Without an address nobody can sign up.
    #[serde(default = "default_scopes")]
    pub scopes: Vec<String>,
}

fn default_scopes() -> Vec<String> {
    ["openid", "email", "profile"].map(str::to_owned).to_vec()
}

impl Oidc {
    /// What signing in needs of it.
    pub fn settings(&self) -> svc_signin::ProviderSettings {
        svc_signin::ProviderSettings {
            id: self.id.clone(),
            name: self.name.clone(),
            issuer: self.issuer.clone(),
            client_id: self.client_id.clone(),
            client_secret: self.client_secret.clone(),
            scopes: self.scopes.clone(),
        }
    }
}

/// The rights of persons over their data.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Privacy {
    /// TOML file of what people are asked to agree to, each a `[[consent]]` with `purpose`,
    /// `title`, `text` and `version`. Default: personalisation, analytics and marketing.
    pub consents: Option<PathBuf>,
    /// TOML file of how long things are kept, each a `[[rule]]` with `id` and `days`; what it
    /// leaves out is as usual. `melodyud-server retention --dry-run` shows all. Default: none.
    pub retention: Option<PathBuf>,
    /// Days in which an erasure can be taken back, 90 at most. Default: 7. With 0 it is done at
    /// once.
    pub cooling_off_days: u32,
    /// Days that the file of an export can be had, 1 to 90. Default: 7.
    pub export_days: u32,
    /// The hour, in UTC, in which the nightly job drops what is kept for too long. Default: 3.
    pub nightly_hour: u8,
}

impl Default for Privacy {
    fn default() -> Self {
        Self {
            consents: None,
            retention: None,
            cooling_off_days: 7,
            export_days: 7,
            nightly_hour: 3,
        }
    }
}

impl Privacy {
    /// What the service needs of it. `exports` is the folder of their files.
    pub fn settings(&self, exports: PathBuf) -> anyhow::Result<svc_privacy::Settings> {
        let Self { cooling_off_days, export_days, nightly_hour, .. } = *self;
        let is_good =
            cooling_off_days <= 90 && (1..=90).contains(&export_days) && nightly_hour < 24;
        if !is_good {
            bail!("privacy: a number of days is not 0 to 90, or the hour not 0 to 23");
        }
        Ok(svc_privacy::Settings {
            purposes: privacy::purposes(self.consents.as_deref()).context("privacy.consents")?,
            rules: privacy::rules(self.retention.as_deref()).context("privacy.retention")?,
            cooling_off_days,
            export_days,
            nightly_hour,
            exports,
        })
    }
}

/// What is logged.
#[derive(Clone, PartialEq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// `text` or `json`. Default: text.
    pub format: LogFormat,
    /// What is logged, such as `info` or `warn,svc_ingest=debug`. Default: info for `serve`.
    pub filter: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

impl Default for Http {
    fn default() -> Self {
        let limits = web::edge::Limits::default();
        Self {
            listen: "127.0.0.1:4600".to_owned(),
            public_url: None,
            is_behind_proxy: false,
            cors_origins: Vec::new(),
            n_connections_max: limits.n_connections_max,
            n_connections_per_address_max: limits.n_connections_per_address_max,
            n_requests_max: limits.n_requests_max,
            request_timeout_s: limits.request_timeout.as_secs(),
            drain_timeout_s: limits.drain_timeout.as_secs(),
        }
    }
}

impl Http {
    /// Where people reach the service, without a slash at the end.
    pub fn public_url(&self) -> anyhow::Result<String> {
        let url = self.public_url.clone().unwrap_or_else(|| format!("http://{}", self.listen));
        if !url.starts_with("http://") && !url.starts_with("https://") {
            bail!("http.public_url: {url:?} begins with neither https:// nor http://");
        }
        Ok(url.trim_end_matches('/').to_owned())
    }

    /// What the edge needs of it.
    pub fn edge(&self) -> anyhow::Result<web::edge::Settings> {
        let origins = self.cors_origins.iter().map(|origin| {
            HeaderValue::try_from(origin).with_context(|| format!("http.cors_origins: {origin:?}"))
        });
        if [self.n_connections_max, self.n_connections_per_address_max, self.n_requests_max]
            .contains(&0)
            || self.request_timeout_s == 0
        {
            bail!("http: a limit of 0 would let nobody in");
        }
        Ok(web::edge::Settings {
            limits: web::edge::Limits {
                n_connections_max: self.n_connections_max,
                n_connections_per_address_max: if self.is_behind_proxy {
                    self.n_connections_max
                } else {
                    self.n_connections_per_address_max
                },
                n_requests_max: self.n_requests_max,
                request_timeout: Duration::from_secs(self.request_timeout_s),
                drain_timeout: Duration::from_secs(self.drain_timeout_s),
                ..web::edge::Limits::default()
            },
            is_behind_proxy: self.is_behind_proxy,
            cors_origins: origins.collect::<anyhow::Result<_>>()?,
            streamed: svc_uploads::STREAMED.to_vec(),
        })
    }
}

impl Storage {
    /// The data folder.
    pub fn data_dir(&self) -> anyhow::Result<PathBuf> {
        if let Some(data) = &self.data {
            return std::path::absolute(data).context("storage.data");
        }
        user_folder("XDG_DATA_HOME", ".local/share")
            .map(|folder| folder.join("melodyud").join("server"))
            .context("there is no home folder to keep data in; name a folder with --data")
    }
}

/// Reads the file, where there is one, and the environment.
pub fn read(file: Option<&Path>) -> anyhow::Result<Config> {
    let found = file.map(Path::to_owned).or_else(|| usual_files().into_iter().find(|f| f.exists()));
    let text = match &found {
        None => String::new(),
        Some(file) => std::fs::read_to_string(file)
            .with_context(|| format!("cannot read the configuration {}", file.display()))?,
    };
    let named = || match &found {
        Some(file) => format!("the configuration {} or the environment", file.display()),
        None => "the environment".to_owned(),
    };
    layers::merge(&text, env::vars_os()).with_context(|| format!("{} is not good", named()))
}

fn usual_files() -> Vec<PathBuf> {
    let user = user_folder("XDG_CONFIG_HOME", ".config");
    let user = user.map(|folder| folder.join("melodyud").join("server.toml"));
    user.into_iter().chain([PathBuf::from("/etc/melodyud/server.toml")]).collect()
}

/// A folder of the XDG base directory specification: the variable where it holds an absolute
/// path, else the usual place in the home folder.
fn user_folder(variable: &str, in_home: &str) -> Option<PathBuf> {
    let named = env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    named.or_else(|| env::home_dir().map(|home| home.join(in_home)))
}
