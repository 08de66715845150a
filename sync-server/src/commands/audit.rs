//! `audit`: read and verify the audit log.

use std::{fs::File, io::BufReader, path::Path, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use svc_governance::{KeyRange, VerifyingKey, verify_file};

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
    if verified.n_unverified > 0 {
        println!(
            "the first {} checkpoints are by keys before this one; it covers their records as well",
            verified.n_unverified
        );
    }
    if verified.key != key {
        println!("the key handed over; the last checkpoint is by {}", verified.key);
    }
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
    let keys = governance.service.keys().await;
    governance.close().await;
    let mut keys = keys?;
    if let Some(KeyRange { key, .. }) = keys.last() {
        println!("{key}");
    }
    // From each on, up to the checkpoint in which it handed over to the next.
    let ends: Vec<u64> = keys.iter().skip(1).map(|range| range.from_size).collect();
    keys.pop();
    for (KeyRange { key, from_size, .. }, end) in keys.iter().zip(ends).rev() {
        println!("checkpoints of {from_size} to {end} records: {key}");
    }
    Ok(ExitCode::SUCCESS)
}

/// May run beside the server, which takes the new key with its next record.
pub async fn audit_key_rotate(config: Config) -> anyhow::Result<ExitCode> {
    let governance = open(&config).await?;
    let rotated = match governance.service.relay().await {
        Ok(_) => governance.service.key_rotate().await,
        Err(error) => Err(error),
    };
    governance.close().await;
    println!("{}", rotated?);
    Ok(ExitCode::SUCCESS)
}

async fn open(config: &Config) -> anyhow::Result<Governance> {
    let data = DataDir::open(config.storage.data_dir()?)?;
    Governance::assemble(config, &data).await
}
