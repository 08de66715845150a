//! Signing in at a provider.

use std::net::IpAddr;

use api::sign_in::{OidcStart, OidcStarted};
use domain::AccountId;
use vouch::{Person, Provider, ProviderError};
use web::{ApiError, error::chain};

use super::{Service, network};
use crate::{
    Error,
    flow::{AtProvider, Code, Link},
    loopback,
    store::keyed,
};

/// What a provider's redirect says (RFC 6749, section 4.1.2; RFC 9207).
#[derive(Clone, Debug, Default)]
pub struct Callback {
    pub code: Option<String>,
    pub state: Option<String>,
    pub iss: Option<String>,
    pub error: Option<String>,
}

/// Why there is no code for the app, in a word that it can act on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Refusal {
    /// The person did not want to.
    AccessDenied,
    /// The provider does not say that the address is the person's: nobody gets an account by a
    /// claim.
    UnverifiedEmail,
    /// The address has an account. Who owns both links them while signed in.
    AccountExists,
    AlreadyLinked,
    ProviderFailed,
}

impl Refusal {
    const fn word(self) -> &'static str {
        match self {
            Self::AccessDenied => "access_denied",
            Self::UnverifiedEmail => "unverified_email",
            Self::AccountExists => "account_exists",
            Self::AlreadyLinked => "already_linked",
            Self::ProviderFailed => "provider_failed",
        }
    }
}

/// Why there is no code, or what failed on our side.
enum Failed {
    Refused(Refusal),
    Ours(Error),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Ours(error)
    }
}

impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Service {
    /// Where the browser goes to sign in; with an account, to link the provider to it.
    pub async fn oidc_start(
        &self,
        provider: &str,
        asked: OidcStart,
        account: Option<AccountId>,
        from: Option<IpAddr>,
    ) -> Result<OidcStarted, Error> {
        let now_us = (self.clock)();
        self.throttles.start_from.take(network(from), now_us)?;
        let provider = self.provider(provider)?;
        loopback::check(&asked.loopback)?;
        if let Some(account) = account {
            self.must_be_verified(account).await?;
        }
        let begun = provider.begin(&self.outward, now_us).await.map_err(|error| {
            tracing::warn!(provider.id = provider.settings.id, error = chain(&error), "no sign-in");
            ApiError::unavailable(format!("{} does not answer.", provider.settings.name), 30)
        })?;
        let flow = AtProvider {
            provider: provider.settings.id.clone(),
            loopback: asked.loopback,
            secrets: begun.secrets,
        };
        self.store.flow_put(&begun.state, account, &flow, now_us).await?;
        Ok(OidcStarted { url: begun.url })
    }

    /// Where the browser goes as it comes back from a provider: to the app, with a code or a word
    /// about why there is none.
    pub async fn oidc_finish(
        &self,
        provider: &str,
        callback: Callback,
        from: Option<IpAddr>,
    ) -> Result<String, Error> {
        let now_us = (self.clock)();
        self.throttles.finish_from.take(network(from), now_us)?;
        let state = callback.state.as_deref().unwrap_or_default();
        let taken = self.store.flow_take::<AtProvider>(state, now_us).await?;
        // What was begun at one provider does not end at another (the mix-up attack, RFC 9207).
        let (account, flow) =
            taken.filter(|(_, flow)| flow.provider == provider).ok_or_else(|| {
                ApiError::invalid(
                    "This sign-in is not known, or it is over.",
                    "Go back to the app and begin again.",
                )
            })?;
        self.throttles.finish_from.give_back(&network(from));
        match self.vouched(account, &flow, callback, now_us).await {
            Ok((account, link)) => {
                let challenge = flow.loopback.code_challenge.clone();
                let code = Code { challenge, is_of_passkey: false, link };
                self.code_for(account, &flow.loopback, &code, now_us).await
            }
            Err(Failed::Refused(refusal)) => {
                tracing::info!(provider.id = provider, refusal = refusal.word(), "no sign-in");
                Ok(loopback::answer(&flow.loopback, Err(refusal.word())))
            }
            Err(Failed::Ours(error)) => {
                // Told to the log as it becomes an answer; the app waits for the browser.
                let _ = ApiError::from(error);
                Ok(loopback::answer(&flow.loopback, Err("server_error")))
            }
        }
    }

    /// The account of the person that the provider vouches for, and what is to be linked to it.
    async fn vouched(
        &self,
        account: Option<AccountId>,
        flow: &AtProvider,
        callback: Callback,
        now_us: i64,
    ) -> Result<(AccountId, Option<Link>), Failed> {
        let provider = self.provider(&flow.provider)?;
        let failed = |error: ProviderError| {
            tracing::warn!(provider.id = flow.provider, error = chain(&error), "no sign-in");
            Refusal::ProviderFailed
        };
        let named = callback.iss.as_deref();
        provider.check_issuer(&self.outward, named, now_us).await.map_err(failed)?;
        let code = match (callback.error.as_deref(), callback.code) {
            (None, Some(code)) => code,
            (Some("access_denied"), _) => return Err(Refusal::AccessDenied.into()),
            _ => return Err(Refusal::ProviderFailed.into()),
        };
        let person = provider.finish(&self.outward, code, &flow.secrets, now_us).await;
        let person = person.map_err(failed)?;
        let link = Link {
            provider: flow.provider.clone(),
            subject_hash: keyed(&*self.lookup_key, &person.subject_hash),
        };
        match (account, self.store.identity_account(&link).await?) {
            (None, Some(known)) => Ok((known, None)),
            (None, None) => Ok((self.account_create(person, &link, now_us).await?, None)),
            (Some(account), Some(known)) if known != account => Err(Refusal::AlreadyLinked.into()),
            (Some(account), _) => Ok((account, Some(link))),
        }
    }

    /// An account for someone who has none.
    async fn account_create(
        &self,
        person: Person,
        link: &Link,
        now_us: i64,
    ) -> Result<AccountId, Failed> {
        let email = person.email.ok_or(Refusal::UnverifiedEmail)?;
        let made = self.accounts.account_create_external(&email, person.name).await;
        let Some(account) = made.map_err(Error::from)? else {
            // The same person may have come twice at once.
            if let Some(known) = self.store.identity_account(link).await? {
                return Ok(known);
            }
            let begun = self.account_begun(&email).await?.ok_or(Refusal::AccountExists)?;
            self.identity_link(link, begun, now_us).await?;
            return Ok(begun);
        };
        self.identity_link(link, account, now_us).await?;
        Ok(account)
    }

    /// The account of an address that nobody can sign in to: it was made by a sign-up like this one
    /// that was cut off before the link.
    async fn account_begun(&self, email: &str) -> Result<Option<AccountId>, Error> {
        let Some(account) = self.accounts.account_find(email).await? else { return Ok(None) };
        let has_way = self.accounts.has_password(account).await?
            || !self.store.identities(account).await?.is_empty()
            || !self.store.passkeys(account).await?.is_empty();
        Ok((!has_way).then_some(account))
    }

    /// Who links a provider, or makes a passkey, shows first that the address is theirs: whoever
    /// signed up with the address of another would keep a key to it otherwise.
    pub(super) async fn must_be_verified(&self, account: AccountId) -> Result<(), Error> {
        if self.accounts.account(account).await?.is_email_verified {
            return Ok(());
        }
        Err(ApiError::conflict(
            "The email address of this account is not confirmed.",
            "Open the link in the mail that was sent there, or ask for another.",
        )
        .into())
    }

    fn provider(&self, id: &str) -> Result<&Provider, Error> {
        let found = self.providers.iter().find(|one| one.settings.id == id);
        Ok(found.ok_or_else(|| ApiError::not_found("provider"))?)
    }
}
