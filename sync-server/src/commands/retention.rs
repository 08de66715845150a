//! `retention`: what is kept for too long, shown or dropped.

use std::process::ExitCode;

use api::compliance::RetentionRule;

use crate::{config::Config, data_dir::DataDir, wiring::Retention};

pub async fn retention(config: Config, is_dry: bool) -> anyhow::Result<ExitCode> {
    let data = DataDir::open(config.storage.data_dir()?)?;
    let retention = Retention::assemble(&config, &data).await?;
    let done = if is_dry { show(&retention).await } else { run(&retention).await };
    retention.close().await;
    done?;
    Ok(ExitCode::SUCCESS)
}

async fn show(retention: &Retention) -> anyhow::Result<()> {
    for RetentionRule { id, what, days, n_due, n_held, .. } in
        retention.service.retention().await?.rules
    {
        println!("{id}: {days} days, {n_due} to be dropped, {n_held} on hold: {what}");
    }
    Ok(())
}

async fn run(retention: &Retention) -> anyhow::Result<()> {
    for dropped in retention.service.retention_run().await? {
        println!("{}: {} dropped", dropped.id, dropped.n);
    }
    Ok(())
}
