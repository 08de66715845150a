//! Tokens for requests, and how they are renewed.
//!
//! Access tokens are short; a refresh token, good for one renewal, gets the next pair. The answer
//! to a renewal may be lost, on the line or because this program ends. Then the same is asked once
//! more, under the same key: by that the server knows who asks again, and answers the same.
//!
//! **Invariant:** the key is kept before it is used; the next refresh token is kept before the
//! access token that came with it is handed out; a renewal runs to its end whatever becomes of who
//! wanted the token.

use std::{
    sync::{Arc, PoisonError, atomic::Ordering},
    time::{Duration, Instant},
};

use ipc::{Fault, FaultKind};
use local_store::Secrets;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Access, Request, Server, endpoint};
use crate::{clock::blocking, fault};

/// A token is renewed when less than this is left of it, or a quarter of its life.
const RENEW_AHEAD: Duration = Duration::from_mins(1);

/// How long a call waits for the keyring, which may be asking the listener something.
const KEYRING_PATIENCE: Duration = Duration::from_mins(1);

/// How long the end of the program waits for a renewal that is on.
const CLOSE_PATIENCE: Duration = Duration::from_secs(5);

/// What the keyring keeps.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Secret {
    pub owner: String,
    pub refresh_token: String,
    /// Marks renewals of this sign-in as ours. Versions before did not keep one.
    #[serde(default)]
    pub retry_key: Option<String>,
}

/// A key for the renewals of one sign-in.
pub(super) fn retry_key() -> String {
    format!("{:032x}", rand::random::<u128>())
}

impl Access {
    /// One that was given out just now.
    pub fn new(token: String, expires_in_s: u64) -> Self {
        let (now, life) = (Instant::now(), Duration::from_secs(expires_in_s));
        Self {
            token,
            renew_at: now + life.saturating_sub(RENEW_AHEAD.min(life / 4)),
            expires_at: now + life,
        }
    }
}

impl Server {
    /// A token to send now. `refused` is the one the server did not take any more.
    pub async fn token(&self, refused: Option<&str>) -> Result<String, Fault> {
        if let Some(token) = self.fresh_token(refused) {
            return Ok(token);
        }
        self.wait_ready(KEYRING_PATIENCE).await;
        self.renewed(refused.map(str::to_owned)).await
    }

    /// Repeats a renewal whose answer was lost, while the server still knows of it.
    pub(super) async fn finish_renewal(&self) {
        if self.is_unanswered.load(Ordering::SeqCst) {
            let access = self.signed().access.as_ref().map(|access| access.token.clone());
            if let Err(fault) = self.renewed(access).await {
                tracing::info!(message = fault.message, "a renewal is still without an answer");
            }
        }
    }

    /// Lets a renewal that is on come to its end; none begins after it.
    pub async fn close(&self) {
        self.is_closing.store(true, Ordering::SeqCst);
        if tokio::time::timeout(CLOSE_PATIENCE, self.renewing.lock()).await.is_err() {
            tracing::warn!("a renewal was not waited for; it is repeated at the next start");
        }
    }

    /// Renews in a task of its own: who asked may go away at any time.
    async fn renewed(&self, refused: Option<String>) -> Result<String, Fault> {
        let this = self.this.upgrade().ok_or_else(fault::closing)?;
        let task = tokio::spawn(async move { this.renew(refused.as_deref()).await });
        task.await.unwrap_or_else(|_| Err(fault::closing()))
    }

    async fn renew(&self, refused: Option<&str>) -> Result<String, Fault> {
        let _renewing = self.renewing.lock().await;
        // Somebody else may have renewed it while this call waited.
        if let Some(token) = self.fresh_token(refused) {
            return Ok(token);
        }
        if self.is_closing.load(Ordering::SeqCst) {
            return Err(fault::closing());
        }
        let (server, mut secret) = {
            let signed = self.signed();
            if signed.account.is_none() {
                return Err(fault::signed_out());
            }
            let server = signed.server.clone().ok_or_else(fault::signed_out)?;
            (server, signed.secret.clone().ok_or_else(fault::locked)?)
        };
        if secret.retry_key.is_none() {
            secret.retry_key = Some(retry_key());
            self.save(&secret).await;
            self.signed().secret = Some(secret.clone());
        }
        let renewed = self.exchange(&server, &secret).await;
        let is_lost = renewed.as_ref().is_err_and(|fault| fault.kind == FaultKind::Offline);
        self.is_unanswered.store(is_lost, Ordering::SeqCst);
        match renewed {
            Ok(session) => {
                let account = session.account.clone();
                let token = self.keep(secret, session).await;
                self.learn(&account).await;
                Ok(token)
            }
            Err(fault)
                if matches!(fault.kind, FaultKind::SignedOut | FaultKind::WrongCredentials) =>
            {
                self.end_session(false).await;
                Err(fault::signed_out())
            }
            // Renewal is ahead of time: until the end the old one will do.
            Err(fault) => self.valid_token(refused).ok_or(fault),
        }
    }

    /// Asks for the next pair, and once more where a line that worked brought no answer.
    async fn exchange(
        &self,
        server: &Url,
        secret: &Secret,
    ) -> Result<api::accounts::Session, Fault> {
        let body = api::accounts::SessionRefresh {
            refresh_token: secret.refresh_token.clone(),
            retry_key: secret.retry_key.clone(),
        };
        let request = Request::post("/sessions/refresh", &body)?;
        let url = endpoint(server, request.path)?;
        let was_online = self.is_online();
        match self.exchange_once(&url, &request).await {
            Err(fault) if fault.kind == FaultKind::Offline && was_online => {
                self.exchange_once(&url, &request).await
            }
            answer => answer,
        }
    }

    async fn exchange_once(
        &self,
        url: &Url,
        request: &Request<'_>,
    ) -> Result<api::accounts::Session, Fault> {
        let answer = self.attempt(url, request, None).await?;
        self.read(answer).await
    }

    fn fresh_token(&self, refused: Option<&str>) -> Option<String> {
        self.token_until(refused, |access| access.renew_at)
    }

    pub(super) fn valid_token(&self, refused: Option<&str>) -> Option<String> {
        self.token_until(refused, |access| access.expires_at)
    }

    fn token_until(
        &self,
        refused: Option<&str>,
        until: impl Fn(&Access) -> Instant,
    ) -> Option<String> {
        let signed = self.signed();
        let access = signed.access.as_ref()?;
        let is_good = Instant::now() < until(access) && refused != Some(access.token.as_str());
        is_good.then(|| access.token.clone())
    }

    /// Takes a new pair of tokens: the lasting one to its place first. Answers with the other.
    /// To be called while nothing else signs in, out or renews.
    pub(super) async fn keep(&self, last: Secret, session: api::accounts::Session) -> String {
        let access = Access::new(session.access_token.clone(), session.expires_in);
        let secret = Secret { refresh_token: session.refresh_token, ..last };
        self.save(&secret).await;
        let mut signed = self.signed();
        signed.secret = Some(secret);
        signed.access = Some(access);
        session.access_token
    }

    /// Puts the secret where secrets are kept here. One that could not be is in memory still, and
    /// the listener is told.
    async fn save(&self, secret: &Secret) {
        let Ok(text) = serde_json::to_string(secret) else { return };
        let slot = Arc::clone(&self.secrets);
        let saved = blocking(move || {
            let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
            slot.as_mut().map_or(Ok(()), |secrets: &mut Secrets| secrets.save(&text))
        })
        .await;
        if let Err(error) = saved {
            self.notify_secrets(&error);
        }
    }
}
