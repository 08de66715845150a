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

use crate::{
    config::Config,
    data_dir::DataDir,
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
    following: JoinHandle<()>,
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
    let keys = svc_accounts::open_or_make_keys(&data.signing_keys())?;

    // Services
    let accounts =
        svc_accounts::Service::open(db.clone(), keys.clone(), svc_accounts::system_clock()).await?;
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
    let following = tokio::spawn(Arc::clone(&discovery).run(stopping.clone()));

    // Routes
    let (routes, document) = OpenApiRouter::with_openapi(openapi::head())
        .merge(svc_accounts::routes(accounts))
        .merge(svc_catalog::routes(catalog))
        .merge(svc_discovery::routes(discovery))
        .merge(svc_ingest::routes(Arc::clone(&ingest)))
        .merge(svc_delivery::routes(delivery))
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
        if tokio::time::timeout(STOP_TIMEOUT, self.following).await.is_err() {
            tracing::warn!(
                "search did not stop in time; it goes on where it was at the next start"
            );
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
