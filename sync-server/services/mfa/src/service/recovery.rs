//! Recovery codes, made anew.

use api::mfa::RecoveryCodes;
use engine_sql::acts::{self, By};
use web::{ApiError, auth::Claims};

use super::{Service, recovery_codes};
use crate::Error;

impl Service {
    /// Puts new ones in the place of those that are left, which are good no more.
    pub async fn recovery_renew(&self, claims: &Claims) -> Result<RecoveryCodes, Error> {
        let account = claims.account;
        let (codes, hashes) = recovery_codes(account);
        let by = By::account(account, (self.clock)());
        let act = by.security("mfa_recovery_renew", acts::account(account));
        if !self.store.recovery_renew(account, &hashes, &act).await? {
            return Err(ApiError::conflict(
                "This account has no second factor.",
                "Turn on an authenticator app or a passkey: recovery codes come with it.",
            )
            .into());
        }
        self.acted();
        Ok(RecoveryCodes { codes })
    }
}
