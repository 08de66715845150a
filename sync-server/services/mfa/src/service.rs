//! The verbs: set up an authenticator app, turn it off, use a code up.

use std::sync::Arc;

use api::mfa::{MfaView, RecoveryCodes, TotpConfirm, TotpDisable, TotpSecret, TotpStart};
use credentials::totp::{self, Typed};
use domain::{AccountId, DeviceId};
use engine_sql::{
    Db,
    acts::{self, By},
};
use web::{
    ApiError,
    auth::Claims,
    clock::Clock,
    throttle::{Rate, Throttle},
};

use crate::{
    Error,
    peer::Vault,
    store::{Proof, Store},
};

/// Buckets of guessers kept.
const GUESSERS_MAX: usize = 100_000;

/// Of what an app shows beside its codes, in characters: as long as an address may be.
const LABEL_CHARS_MAX: usize = 254;

/// Told after each act that the audit log has to know of.
pub type OnAct = Box<dyn Fn() + Send + Sync>;

/// What the service stands on.
pub struct Parts {
    pub db: Db,
    pub clock: Clock,
    pub vault: Arc<dyn Vault>,
    pub on_act: OnAct,
}

/// The second factors of one server.
pub struct Service {
    store: Store,
    clock: Clock,
    vault: Arc<dyn Vault>,
    on_act: OnAct,
    /// Codes, from a device that the account knows or from all others: of a million, three are good
    /// at a time.
    guesses: Throttle<(AccountId, Option<DeviceId>)>,
}

impl Service {
    pub async fn open(parts: Parts) -> Result<Self, Error> {
        let Parts { db, clock, vault, on_act } = parts;
        let guesses = Throttle::new(Rate::per_minute(10, 1), GUESSERS_MAX);
        Ok(Self { store: Store::open(db).await?, clock, vault, on_act, guesses })
    }

    /// Whether signing in takes a code.
    pub async fn is_on(&self, account: AccountId) -> Result<bool, Error> {
        Ok(self.store.totp(account).await?.is_some_and(|row| row.is_on))
    }

    /// Uses a code up, or refuses it. A device that the account knows has attempts of its own, so
    /// that nobody who got hold of the password can use up all.
    pub async fn code_use(
        &self,
        account: AccountId,
        code: &str,
        known_device: Option<DeviceId>,
    ) -> Result<(), Error> {
        let proof = self.proof(account, code, known_device).await?;
        let taken = self.store.take(account, &proof).await;
        if let Err(Error::Refused(_)) = taken {
            self.refuse(account).await?;
        }
        taken?;
        self.guesses.give_back(&(account, known_device));
        Ok(())
    }

    /// Forgets the account. Its secrets are the vault's to forget.
    pub async fn subject_erase(&self, account: AccountId) -> Result<(), Error> {
        self.store.erase(account).await
    }

    pub async fn mfa(&self, account: AccountId) -> Result<MfaView, Error> {
        let row = self.store.totp(account).await?.filter(|row| row.is_on);
        let n_recovery_codes = row.as_ref().map_or(0, |row| row.n_recovery_codes);
        Ok(MfaView { is_totp_on: row.is_some(), n_recovery_codes })
    }

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
        let codes: Vec<String> =
            (0..totp::N_RECOVERY_CODES).map(|_| totp::recovery_code()).collect();
        let hash = |code: &String| totp::recovery_hash(account, &code.replace('-', ""));
        let hashes: Vec<String> = codes.iter().map(hash).collect();
        let act = By::account(account, now_us).security("mfa_totp_on", acts::account(account));
        if !self.store.totp_confirm(account, &row.field, step, &hashes, &act).await? {
            return Err(not_begun().into());
        }
        self.guesses.give_back(&(account, Some(claims.device)));
        (self.on_act)();
        Ok(RecoveryCodes { codes })
    }

    /// Turns it off.
    pub async fn totp_disable(&self, claims: &Claims, asked: &TotpDisable) -> Result<(), Error> {
        let account = claims.account;
        let row = self.store.totp(account).await?.filter(|row| row.is_on);
        let row = row.ok_or_else(|| {
            ApiError::conflict("The second factor is off.", "There is nothing to turn off.")
        })?;
        let proof = self.proof(account, &asked.code, Some(claims.device)).await?;
        let by = By::account(account, (self.clock)());
        let act = by.security("mfa_totp_off", acts::account(account));
        self.store.totp_disable(account, &proof, &act).await?;
        self.guesses.give_back(&(account, Some(claims.device)));
        (self.on_act)();
        Ok(self.vault.delete(account, &row.field).await?)
    }

    /// What a code proves, to be used up by who takes it.
    async fn proof(
        &self,
        account: AccountId,
        code: &str,
        known_device: Option<DeviceId>,
    ) -> Result<Proof, Error> {
        let now_us = (self.clock)();
        self.guesses.take((account, known_device), now_us)?;
        let proof = match Typed::parse(code) {
            Some(Typed::Totp(code)) => {
                let row = self.store.totp(account).await?.ok_or_else(not_begun)?;
                let secret = self.vault.get(account, &row.field).await?;
                let secret = secret.ok_or(Error::Stored { what: "second factor" })?;
                totp::step(&secret, &code, seconds(now_us))?.map(|step| Proof::Totp { step })
            }
            Some(Typed::Recovery(code)) => {
                Some(Proof::Recovery { hash: totp::recovery_hash(account, &code) })
            }
            None => None,
        };
        if proof.is_none() {
            self.refuse(account).await?;
        }
        let wrong = || ApiError::second_factor_required("This code is not right.");
        Ok(proof.ok_or_else(wrong)?)
    }

    /// Tells the log of a code that was not good: whoever came so far has the password.
    async fn refuse(&self, account: AccountId) -> Result<(), Error> {
        let by = By { actor: None, now_us: (self.clock)() };
        self.store.record(&by.security("mfa_code_refuse", acts::account(account))).await?;
        (self.on_act)();
        Ok(())
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
    ApiError::conflict("The second factor is on already.", "Turn it off first.")
}

fn not_begun() -> ApiError {
    ApiError::conflict("The set-up was not begun, or was begun anew.", "Begin again.")
}

fn seconds(us: i64) -> u64 {
    u64::try_from(us / 1_000_000).unwrap_or(0)
}
