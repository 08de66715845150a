//! The authenticator app: set up, turned on and off.

use api::mfa::{RecoveryCodes, TotpConfirm, TotpDisable, TotpSecret, TotpStart};
use credentials::totp;
use engine_sql::acts::{self, By};
use web::{ApiError, auth::Claims};

use super::{Service, WRONG_CODE, recovery_codes, seconds};
use crate::{Error, store::TurnedOn};

/// Of what an app shows beside its codes, in characters: as long as an address may be.
const LABEL_CHARS_MAX: usize = 254;

impl Service {
    /// Makes a secret for an app. Beginning again forgets the one before.
    pub async fn totp_start(
        &self,
        claims: &Claims,
        asked: &TotpStart,
    ) -> Result<TotpSecret, Error> {
        let label = label(&asked.label)?;
        let before = self.store.totp(claims.account).await?;
        let secret: [u8; totp::SECRET_BYTES] = rand::random();
        let field = format!("totp.{:016x}", rand::random::<u64>());
        // The vault first: a row without its secret would be of no use.
        self.vault.put(claims.account, &field, &secret).await?;
        if !self.store.totp_start(claims.account, &field, (self.clock)()).await? {
            self.vault.delete(claims.account, &field).await?;
            return Err(already_on().into());
        }
        if let Some(before) = before {
            self.vault.delete(claims.account, &before.field).await?;
        }
        let (secret, uri) = totp::describe(&secret, label)?;
        Ok(TotpSecret { secret, uri })
    }

    /// Turns it on with the first code of the app. Other sessions go on.
    pub async fn totp_confirm(
        &self,
        claims: &Claims,
        asked: &TotpConfirm,
    ) -> Result<RecoveryCodes, Error> {
        let (account, now_us) = (claims.account, (self.clock)());
        self.guesses.take((account, Some(claims.device)), now_us)?;
        let row = self.store.totp(account).await?.ok_or_else(not_begun)?;
        if row.is_on {
            return Err(already_on().into());
        }
        let secret = self.vault.get(account, &row.field).await?.ok_or_else(not_begun)?;
        let step = totp::step(&secret, asked.code.trim(), seconds(now_us))?;
        let step = step.ok_or_else(|| {
            ApiError::invalid(
                "This is not the code that the app shows.",
                "Check that the clock of the phone is right, and take the next code.",
            )
        })?;
        let (codes, hashes) = recovery_codes(account);
        let act = By::account(account, now_us).security("mfa_totp_on", acts::account(account));
        let codes = match self.store.totp_confirm(account, &row.field, step, &hashes, &act).await? {
            TurnedOn::WithCodes => codes,
            TurnedOn::Alone => Vec::new(),
            TurnedOn::Not => return Err(not_begun().into()),
        };
        self.guesses.give_back(&(account, Some(claims.device)));
        self.acted();
        Ok(RecoveryCodes { codes })
    }

    /// Turns it off.
    pub async fn totp_disable(&self, claims: &Claims, asked: &TotpDisable) -> Result<(), Error> {
        let (account, now_us) = (claims.account, (self.clock)());
        let row = self.store.totp(account).await?.filter(|row| row.is_on);
        let row = row.ok_or_else(|| {
            ApiError::conflict("The authenticator app is off.", "There is nothing to turn off.")
        })?;
        self.guesses.take((account, Some(claims.device)), now_us)?;
        let act = By::account(account, now_us).security("mfa_totp_off", acts::account(account));
        let is_off = match self.proof(account, &asked.code).await? {
            Some(proof) => self.store.totp_disable(account, &proof, &act).await?,
            None => false,
        };
        if !is_off {
            let methods = self.methods(account).await?;
            return Err(self.refuse(account, WRONG_CODE, methods).await?.into());
        }
        self.guesses.give_back(&(account, Some(claims.device)));
        self.acted();
        Ok(self.vault.delete(account, &row.field).await?)
    }
}

/// Shown in the app, so it is one line.
fn label(typed: &str) -> Result<&str, ApiError> {
    let label = typed.trim();
    let n_chars = label.chars().count();
    if !(1..=LABEL_CHARS_MAX).contains(&n_chars) || label.chars().any(char::is_control) {
        return Err(ApiError::invalid(
            "The app cannot list it like that.",
            format!("Take 1 to {LABEL_CHARS_MAX} characters on one line, such as the address."),
        ));
    }
    Ok(label)
}

fn already_on() -> ApiError {
    ApiError::conflict("The authenticator app is on already.", "Turn it off first.")
}

fn not_begun() -> ApiError {
    ApiError::conflict("The set-up was not begun, or was begun anew.", "Begin again.")
}
