//! `role`, `plan`, `keys`: what who runs the machine does to accounts, beside a running server or
//! without one.

use std::process::ExitCode;

use anyhow::Context as _;
use api::roles::{RoleChange, RoleHolder};
use web::auth::Former;

use crate::{config::Config, data_dir::DataDir, wiring::Accounts};

pub async fn role_list(config: Config) -> anyhow::Result<ExitCode> {
    let accounts = open(&config).await?;
    let listed = accounts.roles.role_holders().await;
    accounts.close().await;
    let listed = listed?;
    listed.holders.iter().for_each(show);
    if listed.is_cut {
        println!("and more");
    }
    Ok(ExitCode::SUCCESS)
}

pub async fn role_change(
    config: Config,
    change: RoleChange,
    is_granted: bool,
) -> anyhow::Result<ExitCode> {
    let accounts = open(&config).await?;
    let changed = accounts.roles.role_change(None, &change, is_granted).await;
    accounts.close().await;
    show(&changed?);
    Ok(ExitCode::SUCCESS)
}

/// `plan` is the id and the number of days; `None` ends what there is.
pub async fn plan_set(
    config: Config,
    email: &str,
    plan: Option<(&str, u32)>,
    reason: &str,
) -> anyhow::Result<ExitCode> {
    let accounts = open(&config).await?;
    let set = set_plan(&accounts, email, plan, reason).await;
    accounts.close().await;
    set?;
    match plan {
        Some((plan, n_days)) => println!("{plan} for {n_days} days"),
        None => println!("no plan any more"),
    }
    Ok(ExitCode::SUCCESS)
}

pub async fn keys_rotate(config: Config, former: Former) -> anyhow::Result<ExitCode> {
    let accounts = open(&config).await?;
    let rotated = accounts.service.signing_keys_rotate(&accounts.signing_keys, former).await;
    let n_keys = accounts.signing_keys.keys().jwks().keys.len();
    accounts.close().await;
    rotated?;
    println!("a new key signs; {} before it still verify", n_keys - 1);
    Ok(ExitCode::SUCCESS)
}

async fn set_plan(
    accounts: &Accounts,
    email: &str,
    plan: Option<(&str, u32)>,
    reason: &str,
) -> anyhow::Result<()> {
    let account = accounts.service.account_find(email).await?;
    let account = account.context("no account has this address")?;
    accounts.billing.plan_set(account, plan, reason).await?;
    Ok(())
}

async fn open(config: &Config) -> anyhow::Result<Accounts> {
    let data = DataDir::open(config.storage.data_dir()?)?;
    Accounts::assemble(config, &data).await
}

fn show(holder: &RoleHolder) {
    let roles: Vec<&str> = holder.roles.iter().map(|role| role.name()).collect();
    // Names are chosen by their persons: nothing of them may steer a terminal.
    println!("{}  {}  {:?}", holder.account, roles.join(" "), holder.display_name);
}
