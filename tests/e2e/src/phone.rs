//! The authenticator app that somebody has on a phone.

use anyhow::Result;
use totp_rs::{Builder, Secret};

use crate::App;

/// Where it is turned on.
pub const SECOND_FACTOR: &str = "section[aria-labelledby=settings-second-factor]";

/// Enters the first code for the secret that the page shows, and waits for the recovery codes.
pub async fn turn_on(app: &App) -> Result<()> {
    app.find(".qr").await?;
    let secret = app.find(".secret-text").await?.text().await?.replace(' ', "");
    let secret = Secret::try_from_base32(&secret)?;
    let phone = Builder::new().with_secret(secret).with_account_name("phone").build()?;
    let code = phone.generate_current().to_string();
    app.fill("input[name=second_factor_code]", &code).await?;
    app.click(&format!("{SECOND_FACTOR} button[type=submit]")).await?;
    app.find(".recovery-codes").await.map(drop)
}
