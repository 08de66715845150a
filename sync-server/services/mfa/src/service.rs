//! The verbs: what is set up, and using up what is shown. How a method is turned on and off, and
//! how recovery codes are made anew, is in the modules below.

mod passkey;
mod recovery;
mod totp;

use std::sync::Arc;

use api::mfa::{Methods, MfaView, PasskeyCode, Shown};
use credentials::totp::{self as codes, Typed};
use domain::{AccountId, DeviceId};
use engine_sql::{
    Db,
    acts::{self, By},
    group::{self, Group},
};
use web::{
    ApiError,
    clock::Clock,
    throttle::{Rate, Throttle},
};

use crate::{
    Error,
    peer::{Passkeys, Vault},
    store::{Proof, Store},
};

/// Buckets of guessers kept.
const GUESSERS_MAX: usize = 100_000;

/// Accounts looked up together.
const TOGETHER_MAX: usize = 128;

/// Told after each act that the audit log has to know of.
pub type OnAct = Box<dyn Fn() + Send + Sync>;

/// What the service stands on.
pub struct Parts {
    pub db: Db,
    pub clock: Clock,
    pub vault: Arc<dyn Vault>,
    pub passkeys: Arc<dyn Passkeys>,
    pub on_act: OnAct,
}

/// The second factors of one server.
pub struct Service {
    store: Store,
    views: Group<AccountId, Result<MfaView, Arc<Error>>>,
    clock: Clock,
    vault: Arc<dyn Vault>,
    passkeys: Arc<dyn Passkeys>,
    on_act: OnAct,
    /// What is shown, from a device that the account knows or from all others: of a million codes,
    /// three are good at a time.
    guesses: Throttle<(AccountId, Option<DeviceId>)>,
}

impl Service {
    pub async fn open(parts: Parts) -> Result<Self, Error> {
        let Parts { db, clock, vault, passkeys, on_act } = parts;
        let guesses = Throttle::new(Rate::per_minute(10, 1), GUESSERS_MAX);
        let store = Store::open(db).await?;
        let reader = store.clone();
        let look_up = move |accounts: Vec<AccountId>| {
            let reader = reader.clone();
            async move { group::share(accounts.len(), reader.views(&accounts).await) }
        };
        let views = Group::start(TOGETHER_MAX, |_| 1, look_up);
        Ok(Self { store, views, clock, vault, passkeys, on_act, guesses })
    }

    /// What signing in takes after the password.
    pub async fn methods(&self, account: AccountId) -> Result<Methods, Error> {
        let view = self.mfa(account).await?;
        Ok(Methods { totp: view.is_totp_on, passkey: view.is_passkey_on })
    }

    /// Uses up what is shown, or refuses it; with nothing, says what there is to show. A device
    /// that the account knows has attempts of its own, so that nobody who got hold of the password
    /// can use up all.
    pub async fn use_up(
        &self,
        account: AccountId,
        shown: Option<Shown<'_>>,
        known_device: Option<DeviceId>,
    ) -> Result<(), Error> {
        let methods = self.methods(account).await?;
        let Some(shown) = shown else {
            let message = "This account has a second factor.";
            return Err(ApiError::second_factor_required(message, methods).into());
        };
        self.guesses.take((account, known_device), (self.clock)())?;
        let (is_good, message) = match shown {
            Shown::Code(code) => (self.code_use(account, code).await?, WRONG_CODE),
            Shown::Passkey(code) => {
                let is_good = methods.passkey && self.passkey_use(account, code).await?;
                (is_good, "This is not a passkey of this account, or it was used too long ago.")
            }
        };
        if !is_good {
            return Err(self.refuse(account, message, methods).await?.into());
        }
        self.guesses.give_back(&(account, known_device));
        Ok(())
    }

    /// Forgets the account. Its secrets are the vault's to forget.
    pub async fn subject_erase(&self, account: AccountId) -> Result<(), Error> {
        self.store.erase(account).await
    }

    /// What the account has, looked up together with whatever else is asked at the same time.
    pub async fn mfa(&self, account: AccountId) -> Result<MfaView, Error> {
        self.views.ask(account).await.ok_or(Error::GroupEnded)?.map_err(Error::Together)
    }

    async fn code_use(&self, account: AccountId, code: &str) -> Result<bool, Error> {
        match self.proof(account, code).await? {
            Some(proof) => self.store.take(account, &proof).await,
            None => Ok(false),
        }
    }

    /// Somebody else's passkey is as good as none.
    async fn passkey_use(&self, account: AccountId, code: &PasskeyCode) -> Result<bool, Error> {
        Ok(self.passkeys.code_use(code).await? == Some(account))
    }

    /// What a code proves, to be used up by who takes it.
    async fn proof(&self, account: AccountId, code: &str) -> Result<Option<Proof>, Error> {
        match Typed::parse(code) {
            Some(Typed::Totp(code)) => {
                let Some(row) = self.store.totp(account).await? else { return Ok(None) };
                let secret = self.vault.get(account, &row.field).await?;
                let secret = secret.ok_or(Error::Stored { what: "second factor" })?;
                let step = codes::step(&secret, &code, seconds((self.clock)()))?;
                Ok(step.map(|step| Proof::Totp { step }))
            }
            Some(Typed::Recovery(code)) => {
                Ok(Some(Proof::Recovery { hash: codes::recovery_hash(account, &code) }))
            }
            None => Ok(None),
        }
    }

    /// Tells the log of what was shown and was not good: whoever came so far has the password.
    async fn refuse(
        &self,
        account: AccountId,
        message: &str,
        methods: Methods,
    ) -> Result<ApiError, Error> {
        let by = By { actor: None, now_us: (self.clock)() };
        self.store.record(&by.security("mfa_code_refuse", acts::account(account))).await?;
        self.acted();
        Ok(ApiError::second_factor_required(message, methods))
    }

    fn acted(&self) {
        (self.on_act)();
    }
}

const WRONG_CODE: &str = "This code is not right, or was used.";

/// Fresh recovery codes, and what is stored of them.
fn recovery_codes(account: AccountId) -> (Vec<String>, Vec<String>) {
    let codes: Vec<String> = (0..codes::N_RECOVERY_CODES).map(|_| codes::recovery_code()).collect();
    let hash = |code: &String| codes::recovery_hash(account, &code.replace('-', ""));
    let hashes = codes.iter().map(hash).collect();
    (codes, hashes)
}

fn seconds(us: i64) -> u64 {
    u64::try_from(us / 1_000_000).unwrap_or(0)
}
