//! The parts list: which engine stands behind which port, which service answers which peer.
//!
//! Services do not know each other. What one needs of another is a narrow trait of its own
//! (`svc_*::peer`), implemented here ([`peers`]) by a call; the day a service runs elsewhere, by
//! a request.

mod peers;

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use anyhow::Context as _;
use axum::Router;
use engine_blobs::Blobs;
use engine_sql::Db;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use utoipa_axum::router::OpenApiRouter;
use web::auth::{Keys, SigningKeys};

use crate::{
    config::{Config, Oidc, plans},
    data_dir::DataDir,
    mail::{Post, folder::MailFolder},
    openapi,
    ops::{self, Ops},
};

/// How long background work has to come to its end when the service stops.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// The whole service, ready to answer.
pub struct Server {
    pub router: Router,
    /// The OpenAPI document of its routes.
    pub document: String,
    db: Db,
    ingest: Arc<svc_ingest::Service>,
    uploads: Arc<svc_uploads::Service>,
    /// What is held about persons is asked of it.
    pub privacy: Arc<svc_privacy::Service>,
    /// Search follows the catalog, the audit log what the services do; mails go out; exports are
    /// made, erasures done; uploads that nobody goes on with are dropped.
    following: [JoinHandle<()>; 5],
    stopping: CancellationToken,
}

/// Puts everything together on the data folder that `config` names.
pub async fn assemble(
    config: &Config,
    metrics: Option<PrometheusHandle>,
) -> anyhow::Result<Server> {
    let data = DataDir::open(config.storage.data_dir()?)?;
    let stopping = CancellationToken::new();

    // Engines
    let db = open_db(config, &data).await?;
    let blobs = Blobs::in_folder(&data.blobs()).context("cannot open the blobs")?;
    let signing_keys = SigningKeys::open_or_make(&data.signing_keys())?;
    let keys = signing_keys.keys().clone();

    // Services
    let governance = open_governance(&db, &data).await?;
    let recorder = Arc::downgrade(&governance);
    let on_act = || {
        let recorder = recorder.clone();
        Box::new(move || recorder.upgrade().iter().for_each(|log| log.wake()))
    };
    let people = open_people(config, &data, &db, &keys, &on_act).await?;
    let uploads = open_uploads(config, &data, &db).await?;
    let privacy =
        open_privacy(config, &data, &db, &people, &governance, &uploads, on_act()).await?;
    let People { accounts, roles, billing, offline, mfa, signin, .. } = people;
    let roles = svc_roles::Service::new(roles, peers::accounts_of_roles(&accounts));
    let catalog = Arc::new(svc_catalog::Service::open(db.clone(), blobs).await?);
    let discovery =
        svc_discovery::Service::open(&data.search_index(), peers::catalog_of_discovery(&catalog))
            .await?;
    let wake = Arc::downgrade(&discovery);
    let ingest = svc_ingest::Service::open(
        db.clone(),
        ingest_settings(config, &data)?,
        peers::of_ingest(&catalog, move || wake.upgrade().iter().for_each(|d| d.wake())),
    )
    .await?;
    let delivery = Arc::new(svc_delivery::Service::new(peers::sources_of_delivery(&ingest)));
    let ops = Arc::new(Ops { db: db.clone(), metrics, document: OnceLock::new() });

    // Jobs
    let following = [
        tokio::spawn(Arc::clone(&discovery).run(stopping.clone())),
        tokio::spawn(Arc::clone(&governance).run(stopping.clone())),
        tokio::spawn(Arc::clone(&accounts).run(stopping.clone())),
        tokio::spawn(Arc::clone(&privacy).run(stopping.clone())),
        tokio::spawn(Arc::clone(&uploads).run(stopping.clone())),
    ];
    tokio::spawn(signing_keys.follow(stopping.clone()));

    // Routes
    let (routes, document) = OpenApiRouter::with_openapi(openapi::head())
        .merge(svc_accounts::routes(accounts))
        .merge(svc_roles::routes(Arc::new(roles)))
        .merge(svc_billing::routes(billing))
        .merge(svc_offline::routes(offline))
        .merge(svc_mfa::routes(mfa))
        .merge(svc_signin::routes(signin))
        .merge(svc_catalog::routes(catalog, peers::privacy::restrictions_of_catalog(&privacy)))
        .merge(svc_discovery::routes(discovery))
        .merge(svc_ingest::routes(Arc::clone(&ingest)))
        .merge(svc_uploads::routes(Arc::clone(&uploads)))
        .merge(svc_delivery::routes(delivery))
        .merge(svc_governance::routes(governance))
        .merge(svc_privacy::routes(Arc::clone(&privacy)))
        .merge(ops::routes(Arc::clone(&ops)))
        .split_for_parts();
    let document = openapi::render(&openapi::complete(document))?;
    ops.document.get_or_init(|| document.as_str().into());
    let router = web::edge::around(routes, keys, &config.http.edge()?);
    Ok(Server { router, document, db, ingest, uploads, privacy, following, stopping })
}

impl Server {
    /// Ends running imports, so that those who watch them get their last answer, and what is
    /// uploaded, which goes on at the next start.
    pub async fn begin_stop(&self) {
        self.uploads.stop();
        self.ingest.stop().await;
    }

    /// Ends everything, once no request is under way. What stays is the document.
    pub async fn stop(self) -> String {
        self.ingest.stop().await;
        self.stopping.cancel();
        let followed = futures::future::join_all(self.following);
        if tokio::time::timeout(STOP_TIMEOUT, followed).await.is_err() {
            tracing::warn!("a job did not stop in time; it goes on where it was at the next start");
        }
        self.db.close().await;
        self.document
    }
}

/// What `import` runs: the catalog and the import, without a service around.
pub struct Importer {
    pub ingest: Arc<svc_ingest::Service>,
    db: Db,
}

impl Importer {
    pub async fn assemble(config: &Config, data: &DataDir) -> anyhow::Result<Self> {
        let db = open_db(config, data).await?;
        let blobs = Blobs::in_folder(&data.blobs()).context("cannot open the blobs")?;
        let catalog = Arc::new(svc_catalog::Service::open(db.clone(), blobs).await?);
        // A server beside looks for changes by itself.
        let peers = peers::of_ingest(&catalog, || {});
        let settings = ingest_settings(config, data)?;
        let ingest = svc_ingest::Service::open(db.clone(), settings, peers).await?;
        Ok(Self { ingest, db })
    }

    pub async fn close(self) {
        self.db.close().await;
    }
}

/// What `index rebuild` runs: the catalog and search.
pub struct Indexer {
    pub discovery: Arc<svc_discovery::Service>,
    db: Db,
}

impl Indexer {
    pub async fn assemble(config: &Config, data: &DataDir) -> anyhow::Result<Self> {
        let db = open_db(config, data).await?;
        let blobs = Blobs::in_folder(&data.blobs()).context("cannot open the blobs")?;
        let catalog = Arc::new(svc_catalog::Service::open(db.clone(), blobs).await?);
        let catalog = peers::catalog_of_discovery(&catalog);
        let discovery = svc_discovery::Service::open(&data.search_index(), catalog).await?;
        Ok(Self { discovery, db })
    }

    pub async fn close(self) {
        self.db.close().await;
    }
}

/// What the commands about accounts run: accounts, their roles and plans, and the keys that sign
/// for them.
pub struct Accounts {
    pub service: Arc<svc_accounts::Service>,
    pub roles: svc_roles::Service,
    pub billing: Arc<svc_billing::Service>,
    pub signing_keys: SigningKeys,
    db: Db,
}

impl Accounts {
    pub async fn assemble(config: &Config, data: &DataDir) -> anyhow::Result<Self> {
        let db = open_db(config, data).await?;
        let signing_keys = SigningKeys::open_or_make(&data.signing_keys())?;
        // The log takes what is told at the next look of a server, or at its next start.
        let on_act = || Box::new(|| {});
        let people = open_people(config, data, &db, signing_keys.keys(), on_act).await?;
        let People { accounts: service, roles, billing, .. } = people;
        let roles = svc_roles::Service::new(roles, peers::accounts_of_roles(&service));
        Ok(Self { service, roles, billing, signing_keys, db })
    }

    pub async fn close(self) {
        self.db.close().await;
    }
}

/// What the commands about the audit log and the vault run.
pub struct Governance {
    pub service: Arc<svc_governance::Service>,
    pub vault: svc_governance::Vault,
    db: Db,
}

impl Governance {
    pub async fn assemble(config: &Config, data: &DataDir) -> anyhow::Result<Self> {
        let db = open_db(config, data).await?;
        let vault = open_vault(&db, data).await?;
        Ok(Self { service: open_governance(&db, data).await?, vault, db })
    }

    pub async fn close(self) {
        self.db.close().await;
    }
}

/// What `retention` runs.
pub struct Retention {
    pub service: Arc<svc_privacy::Service>,
    db: Db,
}

impl Retention {
    pub async fn assemble(config: &Config, data: &DataDir) -> anyhow::Result<Self> {
        let db = open_db(config, data).await?;
        let signing_keys = SigningKeys::open_or_make(&data.signing_keys())?;
        let governance = open_governance(&db, data).await?;
        // The log takes what is told at the next look of a server, or at its next start.
        let on_act = || Box::new(|| {});
        let people = open_people(config, data, &db, signing_keys.keys(), on_act).await?;
        let uploads = open_uploads(config, data, &db).await?;
        let service =
            open_privacy(config, data, &db, &people, &governance, &uploads, on_act()).await?;
        Ok(Self { service, db })
    }

    pub async fn close(self) {
        self.db.close().await;
    }
}

async fn open_governance(db: &Db, data: &DataDir) -> anyhow::Result<Arc<svc_governance::Service>> {
    let keys = svc_governance::KeyFile::open_or_make(&data.audit_key())?;
    Ok(svc_governance::Service::open(db.clone(), keys).await?)
}

/// Who people are, and what they have.
struct People {
    accounts: Arc<svc_accounts::Service>,
    roles: Arc<svc_roles::Roles>,
    billing: Arc<svc_billing::Service>,
    offline: Arc<svc_offline::Service>,
    mfa: Arc<svc_mfa::Service>,
    signin: Arc<svc_signin::Service>,
    vault: Arc<svc_governance::Vault>,
}

/// `on_act` makes what is called after each act of a service.
async fn open_people<F: Fn() + Send + Sync + 'static>(
    config: &Config,
    data: &DataDir,
    db: &Db,
    keys: &Keys,
    on_act: impl Fn() -> Box<F>,
) -> anyhow::Result<People> {
    // Roles, subscriptions and second factors were among its tables once.
    svc_accounts::migrate(db).await?;
    let vault = Arc::new(open_vault(db, data).await?);
    let clock = web::clock::system();
    let roles = svc_roles::Parts {
        db: db.clone(),
        keys: keys.clone(),
        clock: clock.clone(),
        on_act: on_act(),
    };
    let roles = Arc::new(svc_roles::Roles::open(roles).await?);
    let billing = svc_billing::Parts {
        db: db.clone(),
        clock: clock.clone(),
        plans: plans::read(config.accounts.plans.as_deref())?,
        on_act: on_act(),
    };
    let billing = Arc::new(svc_billing::Service::open(billing).await?);
    let passkeys = svc_signin::PasskeyProofs::open(db.clone(), clock.clone()).await?;
    let mfa = svc_mfa::Parts {
        db: db.clone(),
        clock: clock.clone(),
        vault: peers::vault_of_mfa(&vault),
        passkeys: peers::passkeys_of_mfa(passkeys),
        on_act: on_act(),
    };
    let mfa = Arc::new(svc_mfa::Service::open(mfa).await?);
    let accounts = svc_accounts::Parts {
        db: db.clone(),
        keys: keys.clone(),
        clock: clock.clone(),
        vault: peers::vault_of_accounts(&vault),
        tiers: peers::tiers_of_accounts(&billing),
        roles: peers::roles_of_accounts(&roles),
        second_factor: peers::second_factor_of_accounts(&mfa),
        mailer: Arc::new(Post::open(&config.mail, &data.mails())?),
        public_url: config.http.public_url()?,
        on_act: on_act(),
    };
    let accounts = Arc::new(svc_accounts::Service::open(accounts).await?);
    let offline = svc_offline::Parts {
        db: db.clone(),
        clock: clock.clone(),
        tiers: peers::tiers_of_offline(&billing),
        sessions: peers::sessions_of_offline(&accounts),
        on_act: on_act(),
    };
    let offline = Arc::new(svc_offline::Service::open(offline).await?);
    let signin = svc_signin::Parts {
        db: db.clone(),
        clock,
        accounts: peers::accounts_of_signin(&accounts),
        second_factor: peers::second_factor_of_signin(&mfa),
        lookup_key: peers::lookup_key_of_signin(&vault),
        providers: config.oidc.iter().map(Oidc::settings).collect(),
        public_url: config.http.public_url()?,
        on_act: on_act(),
    };
    let signin = Arc::new(svc_signin::Service::open(signin).await?);
    Ok(People { accounts, roles, billing, offline, mfa, signin, vault })
}

/// The rights of persons, who are asked of everybody that holds something about them.
async fn open_privacy(
    config: &Config,
    data: &DataDir,
    db: &Db,
    people: &People,
    governance: &Arc<svc_governance::Service>,
    uploads: &Arc<svc_uploads::Service>,
    on_act: svc_privacy::OnAct,
) -> anyhow::Result<Arc<svc_privacy::Service>> {
    let sources = peers::privacy::Sources {
        db: db.clone(),
        accounts: people.accounts.clone(),
        billing: people.billing.clone(),
        mfa: people.mfa.clone(),
        signin: people.signin.clone(),
        governance: governance.clone(),
        uploads: uploads.clone(),
        vault: people.vault.clone(),
        mails: MailFolder::new(data.mails()),
    };
    let parts = svc_privacy::Parts {
        db: db.clone(),
        clock: web::clock::system(),
        holders: peers::privacy::holders(&sources),
        retained: peers::privacy::retained(&sources),
        accounts: peers::privacy::accounts(&people.accounts, &people.roles),
        vault: peers::privacy::vault(&people.vault),
        settings: config.privacy.settings(data.exports())?,
        on_act,
    };
    Ok(Arc::new(svc_privacy::Service::open(parts).await?))
}

async fn open_uploads(
    config: &Config,
    data: &DataDir,
    db: &Db,
) -> anyhow::Result<Arc<svc_uploads::Service>> {
    let parts = svc_uploads::Parts {
        db: db.clone(),
        clock: web::clock::system(),
        settings: config.uploads.settings(data.uploads())?,
    };
    Ok(Arc::new(svc_uploads::Service::open(parts).await?))
}

async fn open_vault(db: &Db, data: &DataDir) -> anyhow::Result<svc_governance::Vault> {
    let master = svc_governance::FileMasterKeys::open_or_make(&data.vault_key())?;
    Ok(svc_governance::Vault::open(db.clone(), Arc::new(master)).await?)
}

async fn open_db(config: &Config, data: &DataDir) -> anyhow::Result<Db> {
    let url = match &config.storage.database {
        Some(url) => url.clone(),
        None => data.database_url()?,
    };
    Ok(Db::open(&url).await?)
}

fn ingest_settings(config: &Config, data: &DataDir) -> anyhow::Result<svc_ingest::Settings> {
    Ok(svc_ingest::Settings {
        lock_dir: data.import_locks(),
        worker: svc_ingest::WorkerCommand {
            program: std::env::current_exe().context("cannot find this program's own file")?,
            args: vec!["decode-worker".into()],
        },
        n_workers: config.import.n_workers,
    })
}
