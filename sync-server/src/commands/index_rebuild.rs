//! `index rebuild`: make the search index anew from the catalog.

use std::process::ExitCode;

use anyhow::Context as _;

use crate::{config::Config, data_dir::DataDir, wiring};

pub async fn index_rebuild(config: Config) -> anyhow::Result<ExitCode> {
    let data = DataDir::open(config.storage.data_dir()?)?;
    let _lock = data.lock_for_serving().context(
        "a running server keeps the index to itself; an owner rebuilds it there by POST \
         /api/v1/search/rebuild",
    )?;
    let indexer = wiring::Indexer::assemble(&config, &data).await?;
    let rebuilt = indexer.discovery.rebuild().await.context("the index could not be rebuilt");
    indexer.close().await;
    let rebuilt = rebuilt?;
    println!(
        "indexed {} tracks, {} artists, {} releases",
        rebuilt.n_tracks, rebuilt.n_artists, rebuilt.n_releases
    );
    Ok(ExitCode::SUCCESS)
}
