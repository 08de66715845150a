//! `keys rotate-vault`: a new master key for all that is sealed.

use std::{
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::Context as _;
use domain::{
    audit::{Act, RetentionClass, Token, Verb},
    ids::ActId,
};

use crate::{config::Config, data_dir::DataDir, wiring::Governance};

pub async fn vault_rotate(config: Config) -> anyhow::Result<ExitCode> {
    let data = DataDir::open(config.storage.data_dir()?)?;
    let governance = Governance::assemble(&config, &data).await?;
    // Told first: a rotation that nobody knows of would be worse than one that did not happen.
    let told = governance.service.append(vec![act()?]).await;
    let rotated = match told {
        Ok(_) => governance.vault.rotate().await,
        Err(error) => Err(error),
    };
    governance.close().await;
    println!("wrapped {} keys by a new master key", rotated?);
    Ok(ExitCode::SUCCESS)
}

fn act() -> anyhow::Result<Act> {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock is wrong")?;
    Ok(Act {
        id: ActId::new(u64::try_from(since_1970.as_millis())?, rand::random()),
        at_us: i64::try_from(since_1970.as_micros())?,
        actor: None,
        verb: Verb::new("vault_key_rotate")?,
        object: Token::new("vault-key")?,
        reason: None,
        class: RetentionClass::Security,
    })
}
