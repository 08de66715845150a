//! What passkeys prove to others. It stands on nothing but the database: accounts, on which signing
//! in stands, ask for it through their second factor.

use api::mfa::PasskeyCode;
use domain::AccountId;
use engine_sql::Db;
use web::clock::Clock;

use crate::{Error, store::Store};

/// Answers who has passkeys, and whose brought a code.
pub struct PasskeyProofs {
    store: Store,
    clock: Clock,
}

impl PasskeyProofs {
    pub async fn open(db: Db, clock: Clock) -> Result<Self, Error> {
        Ok(Self { store: Store::open(db).await?, clock })
    }

    /// Whether the account has one.
    pub async fn has_passkey(&self, of: AccountId) -> Result<bool, Error> {
        self.store.has_passkey(of).await
    }

    /// Uses the code up; answers with whose passkey brought it. `None` where it is not good any
    /// more, is brought without its verifier, or came from a provider.
    pub async fn code_use(&self, code: &PasskeyCode) -> Result<Option<AccountId>, Error> {
        let taken = self.store.code_take(&code.code, &code.code_verifier, (self.clock)()).await?;
        Ok(taken.filter(|(_, flow)| flow.is_of_passkey).map(|(account, _)| account))
    }
}
