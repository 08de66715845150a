//! A service with a clock that the test moves.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
};

use api::accounts::{Account, AccountCreate, Session, SessionCreate, SessionRefresh};
use async_trait::async_trait;
use domain::{AccountId, DeviceId, audit, plan::Plan};
use engine_sql::{outbox, sqlx, testing::TestDb};
use svc_accounts::{
    Parts, Service,
    peer::{Mail, MailError, Mailer, PeerError, Vault},
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

    async fn delete(&self, of: AccountId, field: &str) -> Result<(), PeerError> {
        self.0.lock().unwrap().remove(&(of, field.to_owned()));
        Ok(())
    }
}

impl MemoryVault {
    pub fn n_fields(&self) -> usize {
        self.0.lock().unwrap().len()
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
    now_us: Arc<AtomicI64>,
    db: TestDb,
}

impl Stand {
    pub async fn start(db: TestDb) -> Self {
        // Real time, so that the tokens made are good.
        Self::start_at(svc_accounts::system_clock()(), db, Arc::default()).await
    }

    /// Another process on the same database.
    pub async fn restart(self) -> Self {
        Self::start_at(self.now_us.load(Ordering::Relaxed), self.db, self.vault).await
    }

    async fn start_at(now_us: i64, db: TestDb, vault: Arc<MemoryVault>) -> Self {
        let now_us = Arc::new(AtomicI64::new(now_us));
        let clock = {
            let now_us = now_us.clone();
            Arc::new(move || now_us.load(Ordering::Relaxed))
        };
        let keys = Keys::from_seeds(&[[1; 32]]).unwrap();
        let mails = Arc::new(MailBox::default());
        let parts = Parts {
            db: engine_sql::Db::clone(&db),
            keys: keys.clone(),
            clock,
            plans: plans(),
            vault: vault.clone(),
            mailer: mails.clone(),
            public_url: "https://music.example".to_owned(),
            on_act: Box::new(|| {}),
        };
        Self { service: Service::open(parts).await.unwrap(), keys, vault, mails, now_us, db }
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

    /// What waits to be told to the audit log, in its order.
    pub async fn acts(&self) -> Vec<audit::Act> {
        let messages = outbox::pending(&self.db, audit::TOPIC, 100).await.unwrap();
        let act = |message: &outbox::Message| serde_json::from_str(&message.body).unwrap();
        messages.iter().map(act).collect()
    }
}

fn plans() -> Vec<Plan> {
    let plan = |id: &str, n_members| Plan {
        id: id.to_owned(),
        name: id.to_owned(),
        n_members,
        is_for_students: false,
        trial_days: 30,
        grace_days: 7,
    };
    vec![plan("individual", 1), plan("family", 6)]
}

fn session_create(email: &str) -> SessionCreate {
    SessionCreate {
        email: email.to_owned(),
        password: PASSWORD.to_owned(),
        device_name: None,
        device_id: None,
        code: None,
    }
}
