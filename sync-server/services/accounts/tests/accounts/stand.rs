//! A service with a clock that the test moves.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use api::accounts::{Account, AccountCreate, Session, SessionCreate, SessionRefresh};
use domain::{DeviceId, audit};
use engine_sql::{outbox, testing::TestDb};
use svc_accounts::{Parts, Plans, Service};
use web::{
    ApiError,
    auth::{Claims, Keys},
};

pub const SECOND_US: i64 = 1_000_000;
pub const DAY_US: i64 = 24 * 60 * 60 * SECOND_US;
pub const PASSWORD: &str = "four words no digit";

pub struct Stand {
    pub service: Service,
    pub keys: Keys,
    now_us: Arc<AtomicI64>,
    db: TestDb,
}

impl Stand {
    pub async fn start(db: TestDb) -> Self {
        // Real time, so that the tokens made are good.
        Self::start_at(svc_accounts::system_clock()(), db).await
    }

    /// Another process on the same database.
    pub async fn restart(self) -> Self {
        Self::start_at(self.now_us.load(Ordering::Relaxed), self.db).await
    }

    async fn start_at(now_us: i64, db: TestDb) -> Self {
        let now_us = Arc::new(AtomicI64::new(now_us));
        let clock = {
            let now_us = now_us.clone();
            Arc::new(move || now_us.load(Ordering::Relaxed))
        };
        let keys = Keys::from_seeds(&[[1; 32]]).unwrap();
        let parts = Parts {
            db: engine_sql::Db::clone(&db),
            keys: keys.clone(),
            clock,
            plans: Plans::read(None).unwrap(),
            on_act: Box::new(|| {}),
        };
        Self { service: Service::open(parts).await.unwrap(), keys, now_us, db }
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

    /// The next tokens of a session.
    pub async fn renew(&self, session: &Session) -> Result<Session, ApiError> {
        self.refresh(&session.refresh_token).await
    }

    pub fn claims(&self, session: &Session) -> Claims {
        self.keys.verify(&session.access_token).unwrap()
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
    }
}
