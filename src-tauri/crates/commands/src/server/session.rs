//! Signing in and staying so.
//!
//! Who is signed in is in the store; what proves it is a secret, in the keyring or sealed by a
//! passphrase. Without its secret a session is over.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use domain::{AccountId, Role, plan::Tier};
use ipc::{AccountView, Event, Fault, SecretsState as ShownState, SessionView, Severity};
use local_store::{Key, Secrets, SecretsConfig, SecretsError, SecretsState};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{
    Request, Server, Signed, endpoint,
    secrets::secrets_fault,
    tokens::{Secret, retry_key},
};
use crate::{address, clock::blocking, fault};

/// How long the interface waits for the keyring before it shows what is known so far.
const VIEW_PATIENCE: Duration = Duration::from_secs(3);

/// Who is signed in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Account {
    pub id: AccountId,
    pub email: String,
    pub display_name: String,
    /// Versions before did not keep these.
    #[serde(default)]
    pub roles: Vec<Role>,
    #[serde(default)]
    pub tier: Tier,
    #[serde(default)]
    pub avatar: Option<String>,
}

impl From<&api::accounts::Account> for Account {
    fn from(account: &api::accounts::Account) -> Self {
        Self {
            id: account.id,
            email: account.email.clone(),
            display_name: account.display_name.clone(),
            roles: account.roles.clone(),
            tier: account.tier,
            avatar: account.avatar.clone(),
        }
    }
}

/// What somebody shows to be let in.
pub(super) struct Credentials {
    pub email: String,
    pub password: String,
    /// Of the authenticator app, or a recovery code.
    pub code: Option<String>,
    pub passkey: Option<api::mfa::PasskeyCode>,
}

/// A session that was opened just now.
pub(super) struct Opened<'a> {
    pub server: &'a Url,
    /// By which this device is known to the account later.
    pub email: &'a str,
    pub session: api::accounts::Session,
    /// Where nobody else may be signed in by it than this owner, who is.
    pub instead_of: Option<&'a str>,
}

/// What the store keeps of the session; no token.
#[derive(Clone, Default, Debug, Serialize, Deserialize)]
struct Remembered {
    server_url: Option<String>,
    account: Option<Account>,
}

fn owner_of(server: &Url, account: &Account) -> String {
    format!("{} {}", address::text(server), account.id)
}

impl Server {
    /// Reads who was signed in last. Waits for nothing.
    pub fn recall(&self) -> local_store::Result<()> {
        let remembered = self.store.value(Key::Session).or_else(|error| match error {
            // Written by another version, perhaps. It must not stop every start from now on.
            local_store::Error::Json { .. } => {
                tracing::warn!(%error, "nobody is known to be signed in");
                let hint = "Sign in again; your queue and the server's music are as they were.";
                self.notify(Severity::Warning, "Who was signed in could not be read.", hint);
                Ok(None)
            }
            error => Err(error),
        });
        let remembered: Remembered = remembered?.unwrap_or_default();
        let server = remembered.server_url.and_then(|url| Url::parse(&url).ok());
        if let (Some(server), Some(account)) = (&server, &remembered.account) {
            self.owner.send_replace(Some(owner_of(server, account)));
        }
        *self.signed() = Signed { server, account: remembered.account, ..Signed::default() };
        Ok(())
    }

    /// Finds the secret of the last session; then the session goes on by itself.
    pub async fn restore(&self, config: SecretsConfig) {
        let opened = blocking(move || Secrets::open(config)).await;
        match opened {
            Ok(secrets) => *self.secrets_slot() = Some(secrets),
            Err(error) => self.notify_secrets(&error),
        }
        self.take_secret().await;
        self.is_ready.send_replace(true);
        self.tell();
    }

    /// Looks into the place where secrets are, after start and after unlocking.
    async fn take_secret(&self) {
        let slot = Arc::clone(&self.secrets);
        let loaded = blocking(move || {
            let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
            slot.as_mut().map_or(Ok(None), Secrets::load)
        })
        .await;
        let secret = match loaded {
            Ok(text) => text.and_then(|text| serde_json::from_str::<Secret>(&text).ok()),
            Err(SecretsError::Locked) => return,
            Err(error) => {
                self.notify_secrets(&error);
                None
            }
        };
        let owner = self.owner.borrow().clone();
        let mut signed = self.signed();
        if signed.secret.is_some() {
            return;
        }
        match secret {
            Some(secret) if Some(&secret.owner) == owner.as_ref() => {
                signed.secret = Some(secret);
            }
            // Without its secret a session is over; who it was stays in the store.
            _ => {
                signed.account = None;
                drop(signed);
                self.owner.send_replace(None);
            }
        }
    }

    pub async fn sign_up(&self, call: ipc::SignUp) -> Result<SessionView, Fault> {
        let server = address::parse(&call.server_url)?;
        let display_name =
            Some(call.display_name.trim().to_owned()).filter(|name| !name.is_empty());
        let body = api::accounts::AccountCreate {
            email: call.email.clone(),
            password: call.password.clone(),
            display_name,
        };
        let request = Request::post("/accounts", &body)?;
        let url = endpoint(&server, request.path)?;
        self.attempt(&url, &request, None).await?;
        self.sign_in(ipc::SignIn {
            server_url: call.server_url,
            email: call.email,
            password: call.password,
            code: None,
        })
        .await
    }

    /// Asks for a link by mail; needs no session.
    pub async fn password_reset(&self, call: ipc::PasswordReset) -> Result<(), Fault> {
        let server = address::parse(&call.server_url)?;
        let body = api::accounts::PasswordResetStart { email: call.email };
        let request = Request::post("/password-reset", &body)?;
        self.attempt(&endpoint(&server, request.path)?, &request, None).await?;
        Ok(())
    }

    pub async fn sign_in(&self, call: ipc::SignIn) -> Result<SessionView, Fault> {
        let server = address::parse(&call.server_url)?;
        let ipc::SignIn { email, password, code, .. } = call;
        self.sign_in_as(&server, Credentials { email, password, code, passkey: None }).await
    }

    pub(super) async fn sign_in_as(
        &self,
        server: &Url,
        credentials: Credentials,
    ) -> Result<SessionView, Fault> {
        let Credentials { email, password, code, passkey } = credentials;
        let body = api::accounts::SessionCreate {
            email: email.clone(),
            password,
            device_name: Some(self.device_name()),
            device_id: self.known_device(server, &email).await,
            code,
            passkey,
        };
        let request = Request::post("/sessions", &body)?;
        let url = endpoint(server, request.path)?;
        let answer = self.attempt(&url, &request, None).await?;
        let session: api::accounts::Session = self.read(answer).await?;
        self.enter(Opened { server, email: &email, session, instead_of: None }).await
    }

    /// How the server lists this device.
    pub(super) fn device_name(&self) -> String {
        self.device_name.chars().take(80).collect()
    }

    /// Takes a session in the place of the one before, if there is one.
    pub(super) async fn enter(&self, opened: Opened<'_>) -> Result<SessionView, Fault> {
        let Opened { server, email, session, instead_of } = opened;
        let account = Account::from(&session.account);
        let owner = owner_of(server, &account);
        let _renewing = self.renewing.lock().await;
        if let Some(expected) = instead_of
            && (owner != expected || self.owner_now()? != expected)
        {
            self.end(server, &session.access_token).await;
            return Err(fault::other(
                "In the browser you signed in as someone else.",
                "Sign in there as who you are here, or sign out here first.",
            ));
        }
        self.leave().await;
        self.remember_device(server, email, session.device_id).await;
        *self.signed() = Signed {
            server: Some(server.clone()),
            account: Some(account.clone()),
            access: None,
            secret: None,
        };
        let secret = Secret {
            owner: owner.clone(),
            refresh_token: String::new(),
            retry_key: Some(retry_key()),
        };
        self.keep(secret, session).await;
        self.remember(Some(server), Some(account)).await?;
        self.owner.send_replace(Some(owner));
        self.tell();
        Ok(self.view().await)
    }

    pub async fn sign_out(&self) -> Result<SessionView, Fault> {
        // A token is needed to say goodbye; without one the session ends here all the same.
        let _ = self.token(None).await;
        // A renewal that is on would sign in again what is signed out here.
        let _renewing = self.renewing.lock().await;
        self.leave().await;
        self.end_session(true).await;
        Ok(self.view().await)
    }

    /// Tells the server that the session is over, as far as it can be reached.
    async fn leave(&self) {
        let server = self.signed().server.clone();
        if let Some((token, server)) = self.valid_token(None).zip(server) {
            self.end(&server, &token).await;
        }
    }

    /// Ends the session that a token is of.
    async fn end(&self, server: &Url, token: &str) {
        let request = Request::delete("/sessions/current");
        let Ok(url) = endpoint(server, request.path) else { return };
        if let Err(fault) = self.attempt(&url, &request, Some(token)).await {
            tracing::info!(message = fault.message, "the server was not told of the sign-out");
        }
    }

    pub async fn unlock(&self, passphrase: String) -> Result<SessionView, Fault> {
        let slot = Arc::clone(&self.secrets);
        blocking(move || {
            let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
            slot.as_mut().map_or(Ok(()), |secrets| secrets.unlock(&passphrase))
        })
        .await
        .map_err(|error| secrets_fault(&error))?;
        self.take_secret().await;
        self.tell();
        Ok(self.view().await)
    }

    /// The server refuses even a new token: the account is gone or closed.
    pub(super) async fn end_refused(&self, token: &str) {
        let _renewing = self.renewing.lock().await;
        let is_last = self.signed().access.as_ref().is_some_and(|access| access.token == token);
        if is_last {
            self.end_session(false).await;
        }
    }

    /// Ends the session on this device, while nothing renews it. Where the listener asked for it, the secret is forgotten
    /// even if it is locked; otherwise it was the server, and there is something to explain.
    pub(super) async fn end_session(&self, is_wish: bool) {
        {
            let mut signed = self.signed();
            if signed.account.is_none() && !is_wish {
                return;
            }
            *signed = Signed { server: signed.server.clone(), ..Signed::default() };
        }
        self.owner.send_replace(None);
        let slot = Arc::clone(&self.secrets);
        let forgotten = blocking(move || {
            let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
            slot.as_mut().map_or(Ok(()), Secrets::forget)
        })
        .await;
        if let Err(error) = forgotten {
            self.notify_secrets(&error);
        }
        let server = self.signed().server.clone();
        if let Err(fault) = self.remember(server.as_ref(), None).await {
            self.notify(Severity::Error, fault.message, fault.hint);
        }
        if !is_wish {
            let hint = "Sign in again to go on; your queue is kept.";
            self.notify(Severity::Warning, "The server has ended your session.", hint);
        }
        self.tell();
    }

    /// Takes what the server says of the account by now. To be called while nothing else signs in,
    /// out or renews.
    pub(super) async fn learn(&self, account: &api::accounts::Account) {
        let account = Account::from(account);
        let (server, email_before) = {
            let mut signed = self.signed();
            // Somebody else may have signed in since it was asked.
            let known = signed
                .account
                .as_ref()
                .filter(|known| known.id == account.id && **known != account);
            let Some(known) = known else { return };
            let email_before = known.email.clone();
            signed.account = Some(account.clone());
            (signed.server.clone(), email_before)
        };
        if let Some(server) = server.as_ref().filter(|_| email_before != account.email) {
            self.rename_device(server, &email_before, &account.email).await;
        }
        if let Err(fault) = self.remember(server.as_ref(), Some(account)).await {
            tracing::warn!(message = fault.message, "the account is known until the app quits");
        }
        self.tell();
    }

    /// As [`Server::learn`], from anywhere.
    pub async fn learn_account(&self, account: &api::accounts::Account) {
        let _renewing = self.renewing.lock().await;
        self.learn(account).await;
    }

    async fn remember(&self, server: Option<&Url>, account: Option<Account>) -> Result<(), Fault> {
        let remembered = Remembered { server_url: server.map(address::text), account };
        let store = self.store.clone();
        blocking(move || store.set_value(Key::Session, &remembered))
            .await
            .map_err(|error| fault::device(&error))
    }

    pub async fn view(&self) -> SessionView {
        self.wait_ready(VIEW_PATIENCE).await;
        self.view_now()
    }

    fn view_now(&self) -> SessionView {
        let signed = self.signed();
        SessionView {
            server_url: signed.server.as_ref().map(address::text),
            account: signed.account.as_ref().map(|account| AccountView {
                id: account.id,
                display_name: account.display_name.clone(),
                email: account.email.clone(),
                roles: account.roles.clone(),
                tier: account.tier,
                avatar: account.avatar.clone(),
            }),
            is_online: self.is_online(),
            secrets: self.secrets_state(),
        }
    }

    fn secrets_state(&self) -> ShownState {
        // While a call to the keyring is on, the slot is taken: then there is a keyring.
        let Ok(slot) = self.secrets.try_lock() else { return ShownState::Keyring };
        match slot.as_ref().map(Secrets::state) {
            Some(SecretsState::Keyring) => ShownState::Keyring,
            Some(SecretsState::SealedFile) => ShownState::SealedFile,
            Some(SecretsState::Locked) => ShownState::Locked,
            Some(SecretsState::MemoryOnly) | None => ShownState::MemoryOnly,
        }
    }

    fn secrets_slot(&self) -> std::sync::MutexGuard<'_, Option<Secrets>> {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) async fn wait_ready(&self, patience: Duration) {
        let mut ready = self.is_ready.subscribe();
        // Over or not: what is known then is what counts.
        let _ = tokio::time::timeout(patience, ready.wait_for(|is_ready| *is_ready)).await;
    }

    fn tell(&self) {
        self.news.tell(Event::Session(self.view_now()));
    }

    fn notify(&self, severity: Severity, message: impl Into<String>, hint: impl Into<String>) {
        self.news.notify(severity, message, hint);
    }

    pub(super) fn notify_secrets(&self, error: &SecretsError) {
        let fault = secrets_fault(error);
        self.notify(Severity::Warning, fault.message, fault.hint);
    }
}
