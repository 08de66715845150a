//! Making passkeys, and signing in with one.

use std::net::IpAddr;

use api::sign_in::{
    Loopback, PasskeyChallenge, PasskeyList, PasskeyRegisterFinish, PasskeySignInFinish,
    PasskeySignedIn, PasskeyTicket,
};
use domain::{AccountId, ids::PasskeyId};
use engine_sql::acts::By;
use vouch::{Unverified, UserEntity};
use web::ApiError;

use super::{Service, ms, name, network, passkey_token, removed};
use crate::{
    Error,
    flow::{Assertion, Code, Registration, Ticket},
    loopback, secret,
    store::{Inserted, Needs, NewPasskey, PASSKEYS_MAX},
};

impl Service {
    pub async fn passkeys(&self, of: AccountId) -> Result<PasskeyList, Error> {
        Ok(PasskeyList { passkeys: self.store.passkeys(of).await? })
    }

    /// Where the browser makes a passkey for the account.
    pub async fn passkey_ticket(&self, of: AccountId) -> Result<PasskeyTicket, Error> {
        let now_us = (self.clock)();
        self.throttles.ticket_of.take(of, now_us)?;
        self.must_be_verified(of).await?;
        let ticket = secret::random();
        self.store.flow_put(&ticket, Some(of), &Ticket {}, now_us).await?;
        Ok(PasskeyTicket { url: format!("{}/account/passkeys#{ticket}", self.passkeys.home()) })
    }

    /// Begins to make a passkey. The ticket stays good until one is made, so that a person may try
    /// another authenticator.
    pub async fn passkey_register_start(
        &self,
        ticket: &str,
        from: Option<IpAddr>,
    ) -> Result<PasskeyChallenge, Error> {
        let now_us = (self.clock)();
        self.throttles.start_from.take(network(from), now_us)?;
        let account = self.store.flow_account::<Ticket>(ticket, now_us).await?;
        let account = self.accounts.account(account.ok_or_else(no_ticket)?).await?;
        let known = self.store.credential_ids(account.id).await?;
        if i64::try_from(known.len()).unwrap_or(i64::MAX) >= PASSKEYS_MAX {
            return Err(too_many().into());
        }
        let user = UserEntity {
            account: account.id,
            name: &account.email,
            display_name: &account.display_name,
        };
        let (options, state) = self.passkeys.register_start(user, &known)?;
        let flow = secret::random();
        let registration = Registration { ticket_hash: secret::hash(ticket), state };
        self.store.flow_put(&flow, Some(account.id), &registration, now_us).await?;
        Ok(PasskeyChallenge { flow, options })
    }

    /// Keeps the passkey that an authenticator made.
    pub async fn passkey_register_finish(
        &self,
        asked: &PasskeyRegisterFinish,
        from: Option<IpAddr>,
    ) -> Result<(), Error> {
        let now_us = (self.clock)();
        self.throttles.finish_from.take(network(from), now_us)?;
        let name = name(&asked.name, "name of a passkey")?;
        let taken = self.store.flow_take::<Registration>(&asked.flow, now_us).await?;
        let Some((Some(account), flow)) = taken else { return Err(ceremony_over().into()) };
        let made = self.passkeys.register_finish(account, &flow.state, &asked.credential);
        let made = made.map_err(|error| {
            tracing::info!(account.id = %account, %error, "passkey not taken");
            ApiError::invalid("This passkey cannot be taken.", "Try again, or take another device.")
        })?;
        let id = PasskeyId::new(ms(now_us), rand::random());
        let new =
            NewPasskey { id, account, name: &name, made: &made, ticket_hash: &flow.ticket_hash };
        let act = By::account(account, now_us).security("passkey_register", passkey_token(id));
        match self.store.passkey_insert(&new, &act).await? {
            Inserted::Done => {}
            Inserted::NoTicket => return Err(no_ticket().into()),
            Inserted::TooMany => return Err(too_many().into()),
            Inserted::Known => {
                let hint = "Use the one that is there, or another device.";
                return Err(ApiError::conflict("This passkey is registered already.", hint).into());
            }
        }
        self.acted();
        self.throttles.finish_from.give_back(&network(from));
        tracing::info!(account.id = %account, passkey.id = %id, "passkey registered");
        Ok(())
    }

    /// Begins to sign in with whichever passkey the person chooses.
    pub async fn passkey_sign_in_start(
        &self,
        loopback: Loopback,
        from: Option<IpAddr>,
    ) -> Result<PasskeyChallenge, Error> {
        let now_us = (self.clock)();
        self.throttles.start_from.take(network(from), now_us)?;
        loopback::check(&loopback)?;
        let (options, state) = self.passkeys.sign_in_start()?;
        let flow = secret::random();
        self.store.flow_put(&flow, None, &Assertion { loopback, state }, now_us).await?;
        Ok(PasskeyChallenge { flow, options })
    }

    /// Where the browser goes with a code for the account of the passkey.
    pub async fn passkey_sign_in_finish(
        &self,
        asked: &PasskeySignInFinish,
        from: Option<IpAddr>,
    ) -> Result<PasskeySignedIn, Error> {
        let now_us = (self.clock)();
        self.throttles.finish_from.take(network(from), now_us)?;
        let taken = self.store.flow_take::<Assertion>(&asked.flow, now_us).await?;
        let (_, flow) = taken.ok_or_else(ceremony_over)?;
        let account = self.passkey_account(&flow, &asked.credential, now_us).await?;
        self.throttles.finish_from.give_back(&network(from));
        let challenge = flow.loopback.code_challenge.clone();
        let code = Code { challenge, is_of_passkey: true, link: None };
        let redirect_uri = self.code_for(account, &flow.loopback, &code, now_us).await?;
        Ok(PasskeySignedIn { redirect_uri })
    }

    /// Deletes a passkey, as long as there is another way to sign in, and another passkey where one
    /// is asked for.
    pub async fn passkey_delete(&self, of: AccountId, id: PasskeyId) -> Result<(), Error> {
        let needs = Needs {
            has_password: self.accounts.has_password(of).await?,
            is_asked: self.second_factor.asks_for_passkey(of).await?,
        };
        let act = By::account(of, (self.clock)()).security("passkey_delete", passkey_token(id));
        let outcome = self.store.passkey_delete(of, id, needs, &act).await?;
        removed(outcome, "passkey")?;
        self.acted();
        tracing::info!(account.id = %of, passkey.id = %id, "passkey deleted");
        Ok(())
    }

    /// Whose passkey has signed the challenge of this flow.
    async fn passkey_account(
        &self,
        flow: &Assertion,
        credential: &serde_json::Value,
        now_us: i64,
    ) -> Result<AccountId, Error> {
        let shown = self.passkeys.read(credential).map_err(|_| unknown_passkey())?;
        let stored = self.store.passkey_by_credential(shown.account, &shown.credential_id).await?;
        let stored = stored.ok_or_else(unknown_passkey)?;
        match self.passkeys.sign_in_finish(&flow.state, &shown, &stored.key, &stored.state) {
            Ok(state) => {
                let is_used =
                    self.store.passkey_used(shown.account, &stored, &state, now_us).await?;
                if is_used { Ok(shown.account) } else { Err(unknown_passkey().into()) }
            }
            Err(Unverified::Cloned) => {
                // Whoever holds the copy is not known to be the account's person.
                let by = By { actor: None, now_us };
                let act = by.security("passkey_clone_refuse", passkey_token(stored.id));
                self.store.record(&act).await?;
                self.acted();
                tracing::warn!(passkey.id = %stored.id, "a passkey was used by two devices");
                Err(ApiError::invalid(
                    "This passkey was copied: its counter went back.",
                    "Sign in another way, and delete this passkey in the settings.",
                )
                .into())
            }
            Err(Unverified::Bad(error)) => {
                tracing::info!(passkey.id = %stored.id, error, "passkey not verified");
                Err(unknown_passkey().into())
            }
        }
    }
}

/// The same whether there is no such passkey or it did not sign.
fn unknown_passkey() -> ApiError {
    ApiError::invalid(
        "This passkey does not sign in here.",
        "Take another one, or sign in another way.",
    )
}

fn no_ticket() -> ApiError {
    ApiError::invalid(
        "This link is not good any more.",
        "Begin again in the app. A link is good for one passkey, for ten minutes.",
    )
}

fn ceremony_over() -> ApiError {
    ApiError::invalid("This took too long, or was finished before.", "Try again.")
}

fn too_many() -> ApiError {
    ApiError::conflict(
        format!("This account has {PASSKEYS_MAX} passkeys."),
        "Delete one that you do not use.",
    )
}
