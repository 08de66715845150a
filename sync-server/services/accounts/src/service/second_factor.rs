//! The second factor: an authenticator app, and recovery codes for the day it is lost.

use std::net::IpAddr;

use api::mfa::{MfaView, RecoveryCodes, TotpConfirm, TotpDisable, TotpSecret};
use credentials::{
    Email,
    totp::{self, Typed},
};
use domain::{AccountId, DeviceId};
use web::{ApiError, auth::Claims};

use super::{Service, gone, network, seconds};
use crate::{
    Error,
    acts::{self, By},
    store::{Proof, StoredAccount},
};

impl Service {
    pub async fn mfa(&self, account: AccountId) -> Result<MfaView, Error> {
        let row = self.store.totp(account).await?.filter(|row| row.is_on);
        let n_recovery_codes = row.as_ref().map_or(0, |row| row.n_recovery_codes);
        Ok(MfaView { is_totp_on: row.is_some(), n_recovery_codes })
    }

    /// Makes a secret for an app. Beginning again forgets the one before.
    pub async fn totp_start(
        &self,
        claims: &Claims,
        password: &str,
        from: Option<IpAddr>,
    ) -> Result<TotpSecret, Error> {
        let account = self.check_password(claims.account, password, from).await?;
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
        let (secret, uri) = totp::describe(&secret, &account.at((self.clock)()).email)?;
        Ok(TotpSecret { secret, uri })
    }

    /// Turns it on with the first code of the app. Other sessions go on.
    pub async fn totp_confirm(
        &self,
        claims: &Claims,
        asked: &TotpConfirm,
    ) -> Result<RecoveryCodes, Error> {
        let (account, now_us) = (claims.account, (self.clock)());
        self.throttles.code.take((account, Some(claims.device)), now_us)?;
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
        self.throttles.code.give_back(&(account, Some(claims.device)));
        self.acted();
        Ok(RecoveryCodes { codes })
    }

    /// Turns it off.
    pub async fn totp_disable(
        &self,
        claims: &Claims,
        asked: &TotpDisable,
        from: Option<IpAddr>,
    ) -> Result<(), Error> {
        let account = self.check_password(claims.account, &asked.password, from).await?;
        let row = self.store.totp(account.id()).await?.filter(|row| row.is_on);
        let row = row.ok_or_else(|| {
            ApiError::conflict("The second factor is off.", "There is nothing to turn off.")
        })?;
        let proof = self.proof(account.id(), &asked.code, Some(claims.device)).await?;
        let by = By::account(account.id(), (self.clock)());
        let act = by.security("mfa_totp_off", acts::account(account.id()));
        self.store.totp_disable(account.id(), &proof, &act).await?;
        self.throttles.code.give_back(&(account.id(), Some(claims.device)));
        self.acted();
        Ok(self.vault.delete(account.id(), &row.field).await?)
    }

    /// What a code proves, to be used up by who takes it. A device that the account knows has
    /// attempts of its own, so that nobody who got hold of the password can use up all.
    pub(super) async fn proof(
        &self,
        account: AccountId,
        code: &str,
        known_device: Option<DeviceId>,
    ) -> Result<Proof, Error> {
        let now_us = (self.clock)();
        self.throttles.code.take((account, known_device), now_us)?;
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
            // Whoever came so far has the password.
            let by = By { actor: None, now_us };
            self.store.record(&by.security("mfa_code_refuse", acts::account(account))).await?;
            self.acted();
        }
        let wrong = || ApiError::second_factor_required("This code is not right.");
        Ok(proof.ok_or_else(wrong)?)
    }

    /// The account, where the password is its own: asked again before what an open session must
    /// not be enough for.
    async fn check_password(
        &self,
        id: AccountId,
        password: &str,
        from: Option<IpAddr>,
    ) -> Result<StoredAccount, Error> {
        let now_us = (self.clock)();
        let account = self.store.account(id).await?.ok_or_else(gone)?;
        let email = Email::parse(&account.at(now_us).email)?.hash();
        self.sign_in_throttled(&email, network(from), now_us)?;
        if !self.hasher.verify(password, Some(&account.password_hash)).await? {
            return Err(ApiError::wrong_password().into());
        }
        self.sign_in_succeeded(&email, network(from));
        Ok(account)
    }
}

fn already_on() -> ApiError {
    ApiError::conflict("The second factor is on already.", "Turn it off first.")
}

fn not_begun() -> ApiError {
    ApiError::conflict("The set-up was not begun, or was begun anew.", "Begin again.")
}
