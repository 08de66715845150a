//! `audit`: read and verify the audit log.

use std::{fs::File, io::BufReader, path::Path, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use svc_governance::{VerifyingKey, verify_file};

use crate::{config::Config, data_dir::DataDir, wiring::Governance};

/// Fails with the first thing that is wrong.
pub fn audit_verify(file: &Path, key: &str) -> anyhow::Result<ExitCode> {
    let key: VerifyingKey = key.trim().parse().context("--key")?;
    let opened = File::open(file).with_context(|| format!("cannot open {}", file.display()))?;
    let verified = verify_file(BufReader::new(opened), &key)
        .with_context(|| format!("{} is not good", file.display()))?;
    println!(
        "good: {} records in {} checkpoints, of {} the content is gone\nroot {}",
        verified.checkpoint.size,
        verified.n_checkpoints,
        verified.n_dropped,
        verified.checkpoint.root
    );
    Ok(ExitCode::SUCCESS)
}

pub async fn audit_export(config: Config, file: PathBuf) -> anyhow::Result<ExitCode> {
    let cannot = || format!("cannot write {}", file.display());
    // Never over another file: what is there may be evidence.
    let mut to = tokio::fs::File::create_new(&file).await.with_context(cannot)?;
    let governance = open(&config).await?;
    // With all that was told before this began.
    let written = match governance.service.relay().await {
        Ok(_) => governance.service.write_file(tokio::io::BufWriter::new(&mut to)).await,
        Err(error) => Err(error),
    };
    let synced = to.sync_all().await;
    governance.close().await;
    written?;
    synced.with_context(cannot)?;
    Ok(ExitCode::SUCCESS)
}

pub async fn audit_key(config: Config) -> anyhow::Result<ExitCode> {
    let governance = open(&config).await?;
    println!("{}", governance.service.key());
    governance.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn open(config: &Config) -> anyhow::Result<Governance> {
    let data = DataDir::open(config.storage.data_dir()?)?;
    Governance::assemble(config, &data).await
}
