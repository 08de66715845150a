//! A passkey after the password: asked for, and not any more. The passkeys themselves are made
//! elsewhere.

use api::mfa::RecoveryCodes;
use engine_sql::acts::{self, By};
use web::{ApiError, auth::Claims};

use super::{Service, recovery_codes};
use crate::{Error, store::TurnedOn};

impl Service {
    /// Asks for a passkey from now on. Other sessions go on.
    pub async fn passkey_enable(&self, claims: &Claims) -> Result<RecoveryCodes, Error> {
        let account = claims.account;
        if !self.passkeys.has_passkey(account).await? {
            return Err(ApiError::conflict(
                "This account has no passkey.",
                "Add one to the ways to sign in first.",
            )
            .into());
        }
        let (codes, hashes) = recovery_codes(account);
        let by = By::account(account, (self.clock)());
        let act = by.security("mfa_passkey_on", acts::account(account));
        let codes = match self.store.passkey_enable(account, &hashes, &act).await? {
            TurnedOn::WithCodes => codes,
            TurnedOn::Alone => Vec::new(),
            TurnedOn::Not => {
                let message = "A passkey is asked for already.";
                return Err(ApiError::conflict(message, "There is nothing to turn on.").into());
            }
        };
        self.acted();
        Ok(RecoveryCodes { codes })
    }

    /// Asks for it no longer. Who showed just now who they are may do this without a passkey at
    /// hand: they may as well add one.
    pub async fn passkey_disable(&self, claims: &Claims) -> Result<(), Error> {
        let account = claims.account;
        let by = By::account(account, (self.clock)());
        let act = by.security("mfa_passkey_off", acts::account(account));
        if !self.store.passkey_disable(account, &act).await? {
            let message = "No passkey is asked for.";
            return Err(ApiError::conflict(message, "There is nothing to turn off.").into());
        }
        self.acted();
        Ok(())
    }
}
