//! The verbs: sign up, sign in, refresh. What an account does then is in the modules below.

mod email;
mod kept;
mod keys;
mod profile;
mod recovery;
mod sessions;
mod subject;

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use ::profile::{NAME_CHARS_MAX, name};
use api::{
    accounts::{Account, AccountCreate, Session, SessionCreate, SessionRefresh},
    mfa::Shown,
};
use credentials::{
    Email, Letter, RefreshToken, Throttles, check_retry_key,
    password::{self, Hasher},
};
use domain::{AccountId, DeviceId, SessionId};
use engine_sql::{
    Db,
    acts::{self, By},
};
use tokio::sync::{Mutex, Notify, OnceCell};
use web::{
    ApiError,
    auth::{ACCESS_TOKEN_LIFE_S, Claims, Keys, SIGNED_LIFE_MAX_S},
    clock::Clock,
    network,
};

use crate::{
    Error,
    mails::{MailJob, Whom},
    peer::{Mailer, Roles, SecondFactor, Tiers, Vault},
    store::{NewAccount, NewSession, Opened, Refresh, Refreshed, Refresher, Store, StoredAccount},
};

use self::kept::{Asker, Keepers};
pub use subject::Retained;

/// A session that nobody used for so long has ended: 90 days.
const SESSION_IDLE_US: i64 = 90 * 24 * 60 * 60 * 1_000_000;

/// A client whose answer was lost may ask for it again for so long: 2 minutes.
const RETRY_US: i64 = 2 * 60 * 1_000_000;

/// Told after each act that the audit log has to know of.
pub type OnAct = Box<dyn Fn() + Send + Sync>;

/// What the service stands on.
pub struct Parts {
    pub db: Db,
    pub keys: Keys,
    pub clock: Clock,
    pub vault: Arc<dyn Vault>,
    pub tiers: Arc<dyn Tiers>,
    pub roles: Arc<dyn Roles>,
    pub second_factor: Arc<dyn SecondFactor>,
    pub mailer: Arc<dyn Mailer>,
    /// Where people reach this server: what links in mails begin with, without a slash at the end.
    pub public_url: String,
    pub on_act: OnAct,
}

/// Accounts and sessions of one server.
pub struct Service {
    pub(crate) store: Store,
    refresher: Refresher,
    keys: Keys,
    hasher: Hasher,
    pub(crate) clock: Clock,
    vault: Arc<dyn Vault>,
    roles: Arc<dyn Roles>,
    asker: Asker,
    /// Filled once the server has had its first owner.
    first_owner: OnceCell<()>,
    second_factor: Arc<dyn SecondFactor>,
    pub(crate) mailer: Arc<dyn Mailer>,
    pub(crate) public_url: String,
    /// Told when there is a mail to send.
    pub(crate) has_mail: Notify,
    on_act: OnAct,
    throttles: Throttles,
    /// One picture at a time is drawn: large ones take a lot of memory.
    drawing: Mutex<()>,
}

type Address = Option<IpAddr>;

impl Service {
    pub async fn open(parts: Parts) -> Result<Self, Error> {
        let Parts {
            db,
            keys,
            clock,
            vault,
            tiers,
            roles,
            second_factor,
            mailer,
            public_url,
            on_act,
        } = parts;
        let hasher = tokio::task::spawn_blocking(Hasher::new).await??;
        let store = Store::open(db).await?;
        email::move_to_vault(&store, &*vault, clock()).await?;
        // A crash may have come between the first account and its role.
        let is_appointed = appoint_owner(&store, &*roles).await?;
        let first_owner = OnceCell::new_with(is_appointed.then_some(()));
        // What was signed before may be good for a while after a restart.
        let since_us = clock() - i64::try_from(SIGNED_LIFE_MAX_S).unwrap_or(0) * 1_000_000;
        for (session, ended_at_us) in store.sessions_ended(since_us).await? {
            keys.end_session(session, seconds(ended_at_us));
        }
        let throttles = Throttles::new();
        let keepers = Keepers { vault: vault.clone(), tiers, roles: roles.clone() };
        Ok(Self {
            refresher: Refresher::start(store.clone()),
            store,
            keys,
            hasher,
            clock,
            vault,
            roles,
            asker: Asker::start(keepers),
            first_owner,
            second_factor,
            mailer,
            public_url,
            has_mail: Notify::new(),
            on_act,
            throttles,
            drawing: Mutex::default(),
        })
    }

    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Signs up. The first account of a server becomes its owner.
    pub async fn account_create(
        &self,
        asked: AccountCreate,
        from: Option<IpAddr>,
    ) -> Result<Account, Error> {
        let now_us = (self.clock)();
        self.throttles.sign_up.take(network(from), now_us)?;
        let email = Email::parse(&asked.email)?;
        let display_name = match &asked.display_name {
            Some(typed) => name(typed, "display name")?,
            None => default_name(&email),
        };
        password::check(&asked.password, &email)?;
        // Hashed before the address is looked up: the answer takes the same time either way.
        let password_hash = self.hasher.hash(&asked.password).await?;
        let account = self.account_make(&email, display_name, password_hash, false).await?;
        self.has_mail.notify_one();
        Ok(account)
    }

    /// Signs up someone whose address a provider vouches for. There is no password.
    pub async fn account_create_external(
        &self,
        verified_email: &str,
        display_name: Option<&str>,
    ) -> Result<Account, Error> {
        let email = Email::parse(verified_email)?;
        // What cannot be a name of ours is no reason to keep someone out.
        let display_name = display_name.and_then(|typed| name(typed, "display name").ok());
        let display_name = display_name.unwrap_or_else(|| default_name(&email));
        self.account_make(&email, display_name, String::new(), true).await
    }

    pub async fn account(&self, id: AccountId) -> Result<Account, Error> {
        let account = self.store.account(id).await?.ok_or_else(gone)?;
        self.view(&account).await
    }

    /// Who has exactly this address, in whichever spelling.
    pub async fn account_find(&self, email: &str) -> Result<Option<AccountId>, Error> {
        let Ok(email) = Email::parse(email) else { return Ok(None) };
        let stored = self.store.account_by_email(&self.lookup(&email)).await?;
        Ok(stored.map(|stored| stored.id()))
    }

    /// What those call themselves who are there.
    pub async fn display_names(
        &self,
        of: &[AccountId],
    ) -> Result<BTreeMap<AccountId, String>, Error> {
        self.store.display_names(of).await
    }

    /// Whether the person can sign in by a password.
    pub async fn has_password(&self, id: AccountId) -> Result<bool, Error> {
        Ok(self.store.account(id).await?.is_some_and(|account| account.password().is_some()))
    }

    /// Signs in on one device.
    pub async fn session_create(
        &self,
        asked: SessionCreate,
        from: Option<IpAddr>,
    ) -> Result<Session, Error> {
        let now_us = (self.clock)();
        let device_name = device_name(asked.device_name.as_deref())?;
        // What is no address has no account: the same answer, and the same work.
        let email_hash = Email::parse(&asked.email).map(|email| self.lookup(&email));
        let email_hash = email_hash.unwrap_or_default();
        let device = self.store.device_known_by(&email_hash, asked.device_id).await?;
        self.throttles.sign_in(&email_hash, network(from), device, now_us)?;

        let known = self.store.account_by_email(&email_hash).await?;
        let stored = known.as_ref().and_then(StoredAccount::password);
        let is_right = self.hasher.verify(&asked.password, stored).await?;
        let Some(account) = known.filter(|_| is_right) else {
            return Err(ApiError::wrong_credentials().into());
        };
        self.check_second_factor(account.id(), asked.second_factor(), asked.device_id).await?;
        self.throttles.signed_in(&email_hash, network(from), device);
        self.session_make(&account, device_name, asked.device_id, from).await
    }

    /// Signs in someone who showed elsewhere who they are: at a provider, or with a passkey.
    pub async fn session_open(
        &self,
        account: AccountId,
        device: Option<&str>,
        device_id: Option<DeviceId>,
        from: Option<IpAddr>,
    ) -> Result<Session, Error> {
        let account = self.store.account(account).await?.ok_or_else(gone)?;
        self.session_make(&account, device_name(device)?, device_id, from).await
    }

    /// Trades a refresh token for the next one and a fresh access token. A token that was used
    /// before is in wrong hands, now or then: its session ends.
    pub async fn session_refresh(
        &self,
        asked: &SessionRefresh,
        from: Option<IpAddr>,
    ) -> Result<Session, Error> {
        let now_us = (self.clock)();
        self.throttles.refresh_from.take(network(from), now_us)?;
        let refused = || ApiError::unauthenticated("The session has ended.");
        let old = RefreshToken::parse(&asked.refresh_token).ok_or_else(refused)?;
        self.throttles.refresh_of.take(old.session, now_us)?;
        let refresh = Refresh {
            next: old.next(check_retry_key(asked.retry_key.as_deref())?),
            idle_since_us: now_us - SESSION_IDLE_US,
            lost_since_us: now_us - RETRY_US,
            network: from.map(network::coarse),
            // Who held it is not known; the account is.
            reuse: By { actor: None, now_us }
                .security("refresh_token_reuse", acts::session(old.session)),
            old,
            now_us,
        };
        let next = refresh.next.clone();
        match self.refresher.refresh(refresh).await? {
            Refreshed::Next { account, opened } => {
                self.session(&account, opened, &next, now_us).await
            }
            Refreshed::Reused => {
                self.keys.end_session(next.session, seconds(now_us));
                self.acted();
                self.has_mail.notify_one();
                tracing::warn!(session.id = %next.session, "refresh token used twice; session ended");
                Err(refused().into())
            }
            Refreshed::Unknown => Err(refused().into()),
        }
    }

    async fn account_make(
        &self,
        email: &Email,
        display_name: String,
        password_hash: String,
        is_email_verified: bool,
    ) -> Result<Account, Error> {
        let now_us = (self.clock)();
        let id = AccountId::new(ms(now_us), rand::random());
        let email_field = email::field();
        // The vault first: an account without its address would be of no use. What a crash leaves
        // there belongs to nobody and is swept.
        self.vault.put(id, &email_field, email.as_str().as_bytes()).await?;
        let new = NewAccount {
            id,
            email_hash: self.lookup(email),
            email_field,
            display_name,
            password_hash,
            verified_at_us: is_email_verified.then_some(now_us),
            now_us,
            act: By::account(id, now_us).privacy("account_create", acts::account(id)),
            mail: (!is_email_verified)
                .then(|| MailJob::new(now_us, Letter::Verify, Whom::Account(id))),
        };
        let Some(stored) = self.store.account_create(&new).await? else {
            self.vault.delete(id, &new.email_field).await?;
            return Err(ApiError::conflict(
                "This email address has an account already.",
                "Sign in, or take another address.",
            )
            .into());
        };
        self.acted();
        tracing::info!(account.id = %id, "signed up");
        let appointing = || async { appoint_owner(&self.store, &*self.roles).await.map(drop) };
        self.first_owner.get_or_try_init(appointing).await?;
        self.view(&stored).await
    }

    async fn session_make(
        &self,
        account: &StoredAccount,
        device_name: String,
        claimed_device: Option<DeviceId>,
        from: Option<IpAddr>,
    ) -> Result<Session, Error> {
        let now_us = (self.clock)();
        let session = SessionId::new(ms(now_us), rand::random());
        let new = NewSession {
            token: RefreshToken::new(account.id(), session),
            claimed_device,
            new_device: DeviceId::new(ms(now_us), rand::random()),
            device_name,
            network: from.map(network::coarse),
            act: By::account(account.id(), now_us).access("session_create", acts::session(session)),
        };
        let (device, ended) = self.store.session_create(&new).await?;
        for ended in ended {
            self.keys.end_session(ended, seconds(now_us));
        }
        self.acted();
        tracing::info!(account.id = %account.id(), session.id = %session, "signed in");
        let opened = Opened { device, authenticated_at_us: now_us };
        self.session(account, opened, &new.token, now_us).await
    }

    /// Uses up what is shown where the account wants a second factor.
    async fn check_second_factor(
        &self,
        account: AccountId,
        shown: Option<Shown<'_>>,
        device: Option<DeviceId>,
    ) -> Result<(), Error> {
        if !self.second_factor.is_on(account).await? {
            return Ok(());
        }
        let known = match device {
            Some(device) if self.store.is_device_known(account, device).await? => Some(device),
            _ => None,
        };
        Ok(self.second_factor.use_up(account, shown, known).await?)
    }

    /// The account as its owner sees it.
    async fn view(&self, stored: &StoredAccount) -> Result<Account, Error> {
        Ok(stored.with(self.asker.kept(stored).await?))
    }

    /// What an address is reserved and found by.
    fn lookup(&self, email: &Email) -> String {
        self.vault.lookup_hash(&email.folded())
    }

    fn acted(&self) {
        (self.on_act)();
    }

    async fn session(
        &self,
        stored: &StoredAccount,
        opened: Opened,
        token: &RefreshToken,
        now_us: i64,
    ) -> Result<Session, Error> {
        let kept = self.asker.kept(stored).await?;
        let roles_version = kept.held.version;
        let account = stored.with(kept);
        let claims = Claims {
            account: account.id,
            session: token.session,
            device: opened.device,
            tier: account.tier,
            roles: account.roles.clone(),
            roles_version,
            authenticated_at_s: seconds(opened.authenticated_at_us),
            expires_at_s: seconds(now_us) + ACCESS_TOKEN_LIFE_S,
        };
        Ok(Session {
            id: token.session,
            device_id: opened.device,
            access_token: self.keys.sign(&claims, seconds(now_us))?,
            token_type: "Bearer".to_owned(),
            expires_in: ACCESS_TOKEN_LIFE_S,
            refresh_token: token.text(),
            account,
        })
    }
}

/// The first account of a server becomes its owner. The oldest one is named each time, so that
/// nobody takes the place of someone whose sign-up was cut off; `false` where there is none.
async fn appoint_owner(store: &Store, roles: &dyn Roles) -> Result<bool, Error> {
    let Some(oldest) = store.account_oldest().await? else { return Ok(false) };
    roles.first_owner(oldest).await?;
    Ok(true)
}

fn gone() -> ApiError {
    ApiError::unauthenticated("This account is gone.")
}

fn device_name(typed: Option<&str>) -> Result<String, ApiError> {
    Ok(typed.map(|typed| name(typed, "device name")).transpose()?.unwrap_or_default())
}

fn default_name(email: &Email) -> String {
    email.local().chars().take(NAME_CHARS_MAX).collect()
}

fn network(from: Option<IpAddr>) -> Address {
    from.map(network::customer)
}

fn ms(us: i64) -> u64 {
    u64::try_from(us / 1_000).unwrap_or(0)
}

fn seconds(us: i64) -> u64 {
    u64::try_from(us / 1_000_000).unwrap_or(0)
}
