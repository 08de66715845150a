//! The verbs: what is on offer, and the code that the app trades for a session. How someone gets
//! such a code is in the modules below.

mod identities;
mod oidc;
mod passkeys;

use std::{net::IpAddr, sync::Arc};

use api::{
    accounts::Session,
    sign_in::{Loopback, SessionFromCode, SignInOptions},
};
use domain::{AccountId, audit::Token, ids::PasskeyId};
use engine_sql::Db;
use profile::name;
use vouch::{Outward, Passkeys, Provider, ProviderSettings};
use web::{
    ApiError,
    clock::Clock,
    throttle::{Rate, Throttle},
};

pub use self::oidc::Callback;
use crate::{
    Error,
    flow::Code,
    loopback,
    peer::{Accounts, LookupKey, SecondFactor},
    secret,
    store::{Removed, Store},
};

/// Told after each act that the audit log has to know of.
pub type OnAct = Box<dyn Fn() + Send + Sync>;

/// What the service stands on.
pub struct Parts {
    pub db: Db,
    pub clock: Clock,
    pub accounts: Arc<dyn Accounts>,
    pub second_factor: Arc<dyn SecondFactor>,
    pub lookup_key: Arc<dyn LookupKey>,
    /// In the order in which they are shown.
    pub providers: Vec<ProviderSettings>,
    /// Where people reach this server, without a slash at the end.
    pub public_url: String,
    pub on_act: OnAct,
}

/// Signing in to one server by the system browser.
pub struct Service {
    store: Store,
    clock: Clock,
    accounts: Arc<dyn Accounts>,
    second_factor: Arc<dyn SecondFactor>,
    lookup_key: Arc<dyn LookupKey>,
    providers: Vec<Provider>,
    outward: Outward,
    passkeys: Passkeys,
    on_act: OnAct,
    throttles: Throttles,
}

/// An IPv6 network counts as one address: its members are free to choose among them.
type Address = Option<IpAddr>;

struct Throttles {
    /// Each start leaves a row and may ask a provider.
    start_from: Throttle<Address>,
    /// Whatever brings a secret or a signature.
    finish_from: Throttle<Address>,
    ticket_of: Throttle<AccountId>,
}

impl Throttles {
    fn new() -> Self {
        let n_keys_max = 100_000;
        Self {
            start_from: Throttle::new(Rate::per_minute(300, 100), n_keys_max),
            finish_from: Throttle::new(Rate::per_minute(300, 100), n_keys_max),
            ticket_of: Throttle::new(Rate::per_minute(20, 10), n_keys_max),
        }
    }
}

impl Service {
    pub async fn open(parts: Parts) -> Result<Self, Error> {
        let Parts { db, clock, accounts, second_factor, lookup_key, .. } = parts;
        let Parts { providers, public_url, on_act, .. } = parts;
        vouch::check_all(&providers)?;
        let providers = providers.into_iter().map(|one| Provider::new(one, &public_url));
        let store = Store::open(db).await?;
        store.identities_key(&*lookup_key).await?;
        Ok(Self {
            store,
            clock,
            accounts,
            second_factor,
            lookup_key,
            providers: providers.collect::<Result<_, _>>()?,
            outward: Outward::default(),
            passkeys: Passkeys::new(&public_url)?,
            on_act,
            throttles: Throttles::new(),
        })
    }

    pub fn options(&self) -> SignInOptions {
        let provider = |one: &Provider| api::sign_in::Provider {
            id: one.settings.id.clone(),
            name: one.settings.name.clone(),
        };
        SignInOptions {
            providers: self.providers.iter().map(provider).collect(),
            page: format!("{}/account/sign-in", self.passkeys.home()),
        }
    }

    /// Trades a code for a session; what the code is there to link is linked.
    pub async fn session_from_code(
        &self,
        asked: SessionFromCode,
        from: Option<IpAddr>,
    ) -> Result<Session, Error> {
        let now_us = (self.clock)();
        self.throttles.finish_from.take(network(from), now_us)?;
        if !secret::is_verifier(&asked.code_verifier) {
            return Err(ApiError::invalid(
                "`code_verifier` cannot be one.",
                "Take 43 to 128 letters, digits, `-`, `.`, `_` and `~` (RFC 7636).",
            )
            .into());
        }
        let device_name =
            asked.device_name.as_deref().map(|typed| name(typed, "device name")).transpose()?;
        let taken = self.store.code_take(&asked.code, &asked.code_verifier, now_us).await?;
        let Some((account, code)) = taken else {
            return Err(ApiError::invalid(
                "The code is not good, or not any more.",
                "Begin to sign in again. A code is good once, for a minute.",
            )
            .into());
        };
        if let Some(link) = &code.link {
            self.identity_link(link, account, now_us).await?;
        }
        let session =
            self.accounts.session_open(account, device_name, asked.device_id, from).await?;
        self.throttles.finish_from.give_back(&network(from));
        Ok(session)
    }

    /// Deletes all that is held about an account. Doing it again does no harm.
    pub async fn subject_erase(&self, account: AccountId) -> Result<(), Error> {
        self.store.subject_erase(account).await
    }

    /// Where the browser goes with a code for this account.
    async fn code_for(
        &self,
        account: AccountId,
        to: &Loopback,
        flow: &Code,
        now_us: i64,
    ) -> Result<String, Error> {
        let code = secret::random();
        self.store.flow_put(&code, Some(account), flow, now_us).await?;
        Ok(loopback::answer(to, Ok(&code)))
    }

    fn acted(&self) {
        (self.on_act)();
    }
}

/// What an act is about: the account at a provider.
fn identity_token(account: AccountId, provider: &str) -> Token {
    Token::new(format!("identity:{account}/{provider}")).expect("ids of providers are plain ASCII")
}

fn passkey_token(id: PasskeyId) -> Token {
    Token::new(format!("passkey:{id}")).expect("an id is plain ASCII")
}

/// What a caller reads of a way to sign in that was to go.
fn removed(outcome: Removed, what: &'static str) -> Result<(), ApiError> {
    match outcome {
        Removed::Done => Ok(()),
        Removed::Unknown => Err(ApiError::not_found(what)),
        Removed::Only => Err(ApiError::conflict(
            "Nothing else is left to sign in with.",
            "Set a password, or add another provider or passkey first.",
        )),
        Removed::Asked => Err(ApiError::conflict(
            "A passkey is asked for after your password, and this is the last one.",
            "Turn that off under two-step sign-in, or add another passkey first.",
        )),
    }
}

fn network(from: Option<IpAddr>) -> Address {
    from.map(web::network::customer)
}

fn ms(us: i64) -> u64 {
    u64::try_from(us / 1_000).unwrap_or(0)
}
