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
    config::{Config, plans},
    data_dir::DataDir,
    mail::Post,
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
    /// Search follows the catalog, the audit log what the services do; mails go out.
    following: [JoinHandle<()>; 3],
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
    let on_act = move || recorder.upgrade().iter().for_each(|log| log.wake());
    let accounts = open_accounts(config, &data, &db, &keys, Box::new(on_act)).await?;
    let accounts = Arc::new(accounts);
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
    ];
    tokio::spawn(signing_keys.follow(stopping.clone()));

    // Routes
    let (routes, document) = OpenApiRouter::with_openapi(openapi::head())
        .merge(svc_accounts::routes(accounts))
        .merge(svc_catalog::routes(catalog))
        .merge(svc_discovery::routes(discovery))
        .merge(svc_ingest::routes(Arc::clone(&ingest)))
        .merge(svc_delivery::routes(delivery))
        .merge(svc_governance::routes(governance))
        .merge(ops::routes(Arc::clone(&ops)))
        .split_for_parts();
    let document = openapi::render(&openapi::complete(document))?;
    ops.document.get_or_init(|| document.as_str().into());
    let router = web::edge::around(routes, keys, &config.http.edge()?);
    Ok(Server { router, document, db, ingest, following, stopping })
}

impl Server {
    /// Ends running imports, so that those who watch them get their last answer.
    pub async fn begin_stop(&self) {
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

/// What the commands about accounts run: accounts, and the keys that sign for them.
pub struct Accounts {
    pub service: svc_accounts::Service,
    pub signing_keys: SigningKeys,
    db: Db,
}

impl Accounts {
    pub async fn assemble(config: &Config, data: &DataDir) -> anyhow::Result<Self> {
        let db = open_db(config, data).await?;
        let signing_keys = SigningKeys::open_or_make(&data.signing_keys())?;
        // The log takes what is told at the next look of a server, or at its next start.
        let on_act = Box::new(|| {});
        let service = open_accounts(config, data, &db, signing_keys.keys(), on_act).await?;
        Ok(Self { service, signing_keys, db })
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
        let vault = svc_governance::Vault::open(db.clone(), &data.vault_key()).await?;
        Ok(Self { service: open_governance(&db, data).await?, vault, db })
    }

    pub async fn close(self) {
        self.db.close().await;
    }
}

async fn open_governance(db: &Db, data: &DataDir) -> anyhow::Result<Arc<svc_governance::Service>> {
    let key = svc_governance::open_or_make_key(&data.audit_key())?;
    Ok(svc_governance::Service::open(db.clone(), key).await?)
}

async fn open_accounts(
    config: &Config,
    data: &DataDir,
    db: &Db,
    keys: &Keys,
    on_act: svc_accounts::OnAct,
) -> anyhow::Result<svc_accounts::Service> {
    let vault = svc_governance::Vault::open(db.clone(), &data.vault_key()).await?;
    let mailer = Post::open(&config.mail, &data.mails())?;
    let parts = svc_accounts::Parts {
        db: db.clone(),
        keys: keys.clone(),
        clock: svc_accounts::system_clock(),
        plans: plans::read(config.accounts.plans.as_deref())?,
        vault: peers::vault_of_accounts(vault),
        mailer: Arc::new(mailer),
        public_url: config.http.public_url()?,
        on_act,
    };
    Ok(svc_accounts::Service::open(parts).await?)
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
