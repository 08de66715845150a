//! A service with a clock that the test moves.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering},
    },
};

use api::{
    accounts::{Account, AccountCreate, Session, SessionCreate, SessionRefresh, StepUp},
    mfa::{Methods, Shown},
};
use async_trait::async_trait;
use domain::{AccountId, DeviceId, Role, audit, plan::Tier};
use engine_sql::{
    outbox,
    sqlx::{self, Row as _},
    testing::TestDb,
};
use svc_accounts::{
    Parts, Service,
    peer::{Held, Mail, MailError, Mailer, PeerError, Roles, SecondFactor, Tiers, Vault},
};
use web::{
    ApiError,
    auth::{Claims, Keys},
};

pub const SECOND_US: i64 = 1_000_000;
pub const DAY_US: i64 = 24 * 60 * 60 * SECOND_US;
pub const PASSWORD: &str = "four words no digit";

/// A vault that forgets with the test. The real one has tests of its own, and the server's
/// tests have both.
#[derive(Default)]
pub struct MemoryVault(Mutex<BTreeMap<(AccountId, String), Vec<u8>>>);

#[async_trait]
impl Vault for MemoryVault {
    async fn put(&self, of: AccountId, field: &str, bytes: &[u8]) -> Result<(), PeerError> {
        self.0.lock().unwrap().insert((of, field.to_owned()), bytes.to_vec());
        Ok(())
    }

    async fn get(&self, of: AccountId, field: &str) -> Result<Option<Vec<u8>>, PeerError> {
        Ok(self.0.lock().unwrap().get(&(of, field.to_owned())).cloned())
    }

    async fn get_all(
        &self,
        fields: &[(AccountId, String)],
    ) -> Result<Vec<Option<Vec<u8>>>, PeerError> {
        let kept = self.0.lock().unwrap();
        Ok(fields.iter().map(|field| kept.get(field).cloned()).collect())
    }

    async fn delete(&self, of: AccountId, field: &str) -> Result<(), PeerError> {
        self.0.lock().unwrap().remove(&(of, field.to_owned()));
        Ok(())
    }

    fn lookup_hash(&self, text: &str) -> String {
        let numbers = text.chars().rev().map(|c| u32::from(c).to_string());
        numbers.collect::<Vec<_>>().join("-")
    }
}

/// Everybody has the same tier.
#[derive(Default)]
pub struct OneTier(pub Mutex<Tier>);

#[async_trait]
impl Tiers for OneTier {
    async fn tiers(&self, of: &[AccountId]) -> Result<Vec<Tier>, PeerError> {
        let tier = *self.0.lock().unwrap();
        Ok(of.iter().map(|_| tier).collect())
    }
}

/// Who was first, and how often the roles of everybody changed; out of order for as long as it is
/// told. How roles are given is tested where that is done.
#[derive(Default)]
pub struct FirstOwner {
    first: Mutex<Option<AccountId>>,
    pub version: AtomicU32,
    pub is_broken: AtomicBool,
}

#[async_trait]
impl Roles for FirstOwner {
    async fn held(&self, of: &[AccountId]) -> Result<Vec<Held>, PeerError> {
        let (first, version) = (*self.first.lock().unwrap(), self.version.load(Ordering::Relaxed));
        let held = of.iter().map(|account| {
            let owner = (first == Some(*account)).then_some(Role::Owner);
            Held { roles: [Role::Listener].into_iter().chain(owner).collect(), version }
        });
        Ok(held.collect())
    }

    async fn first_owner(&self, account: AccountId) -> Result<(), PeerError> {
        if self.is_broken.load(Ordering::Relaxed) {
            return Err(PeerError { of: "roles", source: "out of order".into() });
        }
        self.first.lock().unwrap().get_or_insert(account);
        Ok(())
    }
}

/// One code for everybody, good for ever, once it is turned on. What codes prove is tested where
/// the second factor is made; here it is about when they are asked for.
#[derive(Default)]
pub struct OneCode {
    code: Mutex<Option<String>>,
    devices: Mutex<Vec<Option<DeviceId>>>,
}

impl OneCode {
    pub fn turn_on(&self, code: &str) {
        *self.code.lock().unwrap() = Some(code.to_owned());
    }

    /// From which known devices codes came.
    pub fn devices(&self) -> Vec<Option<DeviceId>> {
        self.devices.lock().unwrap().clone()
    }
}

#[async_trait]
impl SecondFactor for OneCode {
    async fn is_on(&self, _: AccountId) -> Result<bool, PeerError> {
        Ok(self.code.lock().unwrap().is_some())
    }

    async fn use_up(
        &self,
        _: AccountId,
        shown: Option<Shown<'_>>,
        known_device: Option<DeviceId>,
    ) -> Result<(), ApiError> {
        let refused =
            || ApiError::second_factor_required("This code is not right.", Methods::default());
        let Some(Shown::Code(code)) = shown else { return Err(refused()) };
        self.devices.lock().unwrap().push(known_device);
        match &*self.code.lock().unwrap() {
            Some(right) if right == code => Ok(()),
            _ => Err(refused()),
        }
    }
}

impl MemoryVault {
    pub fn n_fields(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// All that was in it.
    pub fn lose(&self) {
        self.0.lock().unwrap().clear();
    }
}

/// Keeps what was sent; out of order for as long as it is told.
#[derive(Default)]
pub struct MailBox {
    sent: Mutex<Vec<Mail>>,
    pub is_broken: AtomicBool,
}

#[async_trait]
impl Mailer for MailBox {
    async fn send(&self, mail: Mail) -> Result<(), MailError> {
        if self.is_broken.load(Ordering::Relaxed) {
            return Err(MailError { is_final: false, source: "out of order".into() });
        }
        self.sent.lock().unwrap().push(mail);
        Ok(())
    }
}

impl MailBox {
    /// Takes out what was sent.
    pub fn take(&self) -> Vec<Mail> {
        std::mem::take(&mut *self.sent.lock().unwrap())
    }
}

pub struct Stand {
    pub service: Service,
    pub keys: Keys,
    pub vault: Arc<MemoryVault>,
    pub mails: Arc<MailBox>,
    pub tiers: Arc<OneTier>,
    pub roles: Arc<FirstOwner>,
    pub second_factor: Arc<OneCode>,
    now_us: Arc<AtomicI64>,
    db: TestDb,
}

impl Stand {
    pub async fn start(db: TestDb) -> Self {
        // Real time, so that the tokens made are good.
        Self::start_at(web::clock::system()(), db, Arc::default(), Arc::default()).await
    }

    /// Another process on the same database.
    pub async fn restart(self) -> Self {
        let now_us = self.now_us.load(Ordering::Relaxed);
        Self::start_at(now_us, self.db, self.vault, self.roles).await
    }

    async fn start_at(
        now_us: i64,
        db: TestDb,
        vault: Arc<MemoryVault>,
        roles: Arc<FirstOwner>,
    ) -> Self {
        let now_us = Arc::new(AtomicI64::new(now_us));
        let clock = {
            let now_us = now_us.clone();
            Arc::new(move || now_us.load(Ordering::Relaxed))
        };
        let keys = Keys::from_seeds(&[[1; 32]]).unwrap();
        let mails = Arc::new(MailBox::default());
        let tiers = Arc::new(OneTier::default());
        let second_factor = Arc::new(OneCode::default());
        let parts = Parts {
            db: engine_sql::Db::clone(&db),
            keys: keys.clone(),
            clock,
            vault: vault.clone(),
            tiers: tiers.clone(),
            roles: roles.clone(),
            second_factor: second_factor.clone(),
            mailer: mails.clone(),
            public_url: "https://music.example".to_owned(),
            on_act: Box::new(|| {}),
        };
        let service = Service::open(parts).await.unwrap();
        Self { service, keys, vault, mails, tiers, roles, second_factor, now_us, db }
    }

    pub fn now_s(&self) -> u64 {
        u64::try_from(self.now_us.load(Ordering::Relaxed) / SECOND_US).unwrap()
    }

    pub fn pass(&self, time_us: i64) {
        self.now_us.fetch_add(time_us, Ordering::Relaxed);
    }

    pub async fn sign_up(&self, email: &str) -> Result<Account, ApiError> {
        let asked = AccountCreate {
            email: email.to_owned(),
            password: PASSWORD.to_owned(),
            display_name: None,
        };
        self.service.account_create(asked, None).await.map_err(ApiError::from)
    }

    pub async fn sign_in(&self, email: &str, password: &str) -> Result<Session, ApiError> {
        let asked = SessionCreate { password: password.to_owned(), ..session_create(email) };
        self.service.session_create(asked, None).await.map_err(ApiError::from)
    }

    pub async fn refresh(&self, token: &str) -> Result<Session, ApiError> {
        self.ask_refresh(token, None).await
    }

    pub async fn retry(&self, token: &str, key: &str) -> Result<Session, ApiError> {
        self.ask_refresh(token, Some(key.to_owned())).await
    }

    async fn ask_refresh(
        &self,
        token: &str,
        retry_key: Option<String>,
    ) -> Result<Session, ApiError> {
        let asked = SessionRefresh { refresh_token: token.to_owned(), retry_key };
        self.service.session_refresh(&asked, None).await.map_err(ApiError::from)
    }

    /// A new account.
    pub async fn account(&self, email: &str) -> Account {
        self.sign_up(email).await.unwrap()
    }

    /// A new session of an account, on a device that says it is `device_id`.
    pub async fn session(&self, email: &str, device_id: Option<DeviceId>) -> Session {
        let asked = SessionCreate { device_id, ..session_create(email) };
        self.service.session_create(asked, None).await.unwrap()
    }

    pub async fn session_from(&self, email: &str, device_name: &str, address: &str) -> Session {
        let device_name = Some(device_name.to_owned());
        let asked = SessionCreate { device_name, ..session_create(email) };
        self.service.session_create(asked, Some(address.parse().unwrap())).await.unwrap()
    }

    /// Signing in with a code, on a device that says it is `device_id`.
    pub async fn sign_in_with(
        &self,
        email: &str,
        code: Option<&str>,
        device_id: Option<DeviceId>,
    ) -> Result<Session, ApiError> {
        let code = code.map(str::to_owned);
        let asked = SessionCreate { code, device_id, ..session_create(email) };
        self.service.session_create(asked, None).await.map_err(ApiError::from)
    }

    /// The next tokens of a session.
    pub async fn renew(&self, session: &Session) -> Result<Session, ApiError> {
        self.refresh(&session.refresh_token).await
    }

    pub fn claims(&self, session: &Session) -> Claims {
        self.keys.verify(&session.access_token).unwrap()
    }

    /// Links that are good, or were not cleared away.
    pub async fn n_links(&self) -> i64 {
        let count = sqlx::query_as::<_, (i64,)>("SELECT COUNT(*) FROM link");
        count.fetch_one(self.db.read()).await.unwrap().0
    }

    /// A link of an account, which there need not be, that was good until then.
    pub async fn link_put(&self, account: AccountId, until_us: i64) {
        let sql = "INSERT INTO link (account_id, token_hash, purpose, until_us)
                   VALUES ($1, 'hash', 'verify', $2)";
        let query = sqlx::query(sql).bind(account.to_string()).bind(until_us);
        query.execute(self.db.read()).await.unwrap();
    }

    /// An access token of a session whose person showed again who they are.
    pub async fn step_up(
        &self,
        session: &Session,
        password: &str,
        code: Option<&str>,
    ) -> Result<String, ApiError> {
        let code = code.map(str::to_owned);
        let asked = StepUp { password: password.to_owned(), code, passkey: None };
        let claims = self.claims(session);
        Ok(self.service.session_step_up(&claims, &asked, None).await?.access_token)
    }

    /// Everything in the tables of accounts, as text.
    pub async fn dump(&self) -> String {
        let mut text = String::new();
        for holding in svc_accounts::HOLDINGS {
            let sql = format!("SELECT * FROM {}", holding.table);
            let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(self.db.read()).await;
            for row in rows.unwrap() {
                for column in 0..row.len() {
                    let value = row.try_get::<Option<String>, _>(column);
                    text += &value.ok().flatten().unwrap_or_default();
                    text.push(' ');
                }
            }
        }
        text
    }

    /// Reserves the one address by another hash.
    pub async fn rename_reservation(&self, hash: &str) {
        let query = sqlx::query("UPDATE account_email SET email_hash = $1").bind(hash.to_owned());
        query.execute(self.db.read()).await.unwrap();
    }

    /// Changes the database behind the back of the service.
    pub async fn change(&self, sql: &'static str) {
        sqlx::query(sql).execute(self.db.read()).await.unwrap();
    }

    /// What waits to be told to the audit log, in its order.
    pub async fn acts(&self) -> Vec<audit::Act> {
        let messages = outbox::pending(&self.db, audit::TOPIC, 100).await.unwrap();
        let act = |message: &outbox::Message| serde_json::from_str(&message.body).unwrap();
        messages.iter().map(act).collect()
    }
}

fn session_create(email: &str) -> SessionCreate {
    SessionCreate {
        email: email.to_owned(),
        password: PASSWORD.to_owned(),
        device_name: None,
        device_id: None,
        code: None,
        passkey: None,
    }
}
