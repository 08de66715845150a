//! Codes of an authenticator app and recovery codes, with a clock that the test moves.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
};

use api::{
    error::Code,
    mfa::{TotpConfirm, TotpDisable, TotpStart},
};
use async_trait::async_trait;
use domain::{AccountId, DeviceId, SessionId, audit, plan::Tier};
use engine_sql::{
    outbox,
    testing::{self, TestDb},
};
use svc_mfa::{
    Parts, Service,
    peer::{PeerError, Vault},
};
use totp_rs::{Builder, Secret, Totp};
use web::{ApiError, auth::Claims};

const SECOND_US: i64 = 1_000_000;
const ANN: AccountId = AccountId::from_uuid(uuid(1));
const PHONE: DeviceId = DeviceId::from_uuid(uuid(2));

/// A vault that forgets with the test. The real one has tests of its own, and the server's
/// tests have both.
#[derive(Default)]
struct MemoryVault(Mutex<BTreeMap<(AccountId, String), Vec<u8>>>);

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

struct Stand {
    service: Service,
    vault: Arc<MemoryVault>,
    now_us: Arc<AtomicI64>,
    db: TestDb,
}

impl Stand {
    async fn start(db: TestDb) -> Self {
        let now_us = Arc::new(AtomicI64::new(1_700_000_000 * SECOND_US));
        let clock = {
            let now_us = now_us.clone();
            Arc::new(move || now_us.load(Ordering::Relaxed))
        };
        let vault = Arc::new(MemoryVault::default());
        let parts = Parts {
            db: engine_sql::Db::clone(&db),
            clock,
            vault: vault.clone(),
            on_act: Box::new(|| {}),
        };
        Self { service: Service::open(parts).await.unwrap(), vault, now_us, db }
    }

    fn pass(&self, time_us: i64) {
        self.now_us.fetch_add(time_us, Ordering::Relaxed);
    }

    fn now_s(&self) -> u64 {
        u64::try_from(self.now_us.load(Ordering::Relaxed) / SECOND_US).unwrap()
    }

    fn code(&self, app: &Totp) -> String {
        app.generate(self.now_s()).to_string()
    }

    async fn start_app(&self) -> Result<Totp, ApiError> {
        let asked = TotpStart { label: "ann@example.org".into() };
        let secret = self.service.totp_start(&claims(), &asked).await?;
        assert!(secret.uri.contains("ann%40example.org"), "{}", secret.uri);
        let secret = Secret::try_from_base32(&secret.secret).unwrap();
        Ok(Builder::new().with_secret(secret).with_account_name("ann").build().unwrap())
    }

    async fn confirm(&self, code: &str) -> Result<Vec<String>, ApiError> {
        let asked = TotpConfirm { code: code.to_owned() };
        Ok(self.service.totp_confirm(&claims(), &asked).await?.codes)
    }

    async fn disable(&self, code: &str) -> Result<(), ApiError> {
        let asked = TotpDisable { code: code.to_owned() };
        Ok(self.service.totp_disable(&claims(), &asked).await?)
    }

    async fn use_up(&self, code: &str, device: Option<DeviceId>) -> Result<(), ApiError> {
        Ok(self.service.code_use(ANN, code, device).await?)
    }

    /// The app, turned on, and the recovery codes.
    async fn with_app(&self) -> (Totp, Vec<String>) {
        let app = self.start_app().await.unwrap();
        let codes = self.confirm(&self.code(&app)).await.unwrap();
        // The code that turned it on is used.
        self.pass(30 * SECOND_US);
        (app, codes)
    }

    fn n_secrets(&self) -> usize {
        self.vault.0.lock().unwrap().len()
    }

    async fn n_told(&self, verb: &str) -> usize {
        let messages = outbox::pending(&self.db, audit::TOPIC, 100).await.unwrap();
        let acts = messages.iter().map(|m| serde_json::from_str::<audit::Act>(&m.body).unwrap());
        acts.filter(|act| act.verb.as_str() == verb).count()
    }
}

const fn uuid(n: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(n)
}

fn claims() -> Claims {
    Claims {
        account: ANN,
        session: SessionId::from_uuid(uuid(3)),
        device: PHONE,
        tier: Tier::Free,
        roles: Vec::new(),
        roles_version: 0,
        authenticated_at_s: 0,
        expires_at_s: 0,
    }
}

#[tokio::test]
async fn each_code_is_good_once_and_only_forward() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        let (app, _) = stand.with_app().await;
        assert!(stand.service.is_on(ANN).await.unwrap());
        let code = stand.code(&app);
        stand.use_up(&code, None).await.unwrap();
        let replayed = stand.use_up(&code, None).await.unwrap_err();
        assert_eq!((replayed.status.as_u16(), replayed.code), (401, Code::SecondFactorRequired));
        assert_eq!(stand.n_told("mfa_code_refuse").await, 1, "a replay is told");
        stand.pass(30 * SECOND_US);
        // Still within its window, and used.
        assert!(stand.use_up(&code, None).await.is_err());
        stand.use_up(&stand.code(&app), None).await.unwrap();
        // An older one that was never used is not good after a newer one.
        let older = app.generate(stand.now_s() - 30).to_string();
        assert!(stand.use_up(&older, None).await.is_err());
    }
}

/// Two who use one code at once: one of them gets in.
#[tokio::test]
async fn a_code_lets_in_one() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        let (app, recovery) = stand.with_app().await;
        for code in [stand.code(&app), recovery[0].clone()] {
            let (a, b) = tokio::join!(stand.use_up(&code, None), stand.use_up(&code, None));
            assert!(a.is_ok() != b.is_ok(), "{code}");
        }
    }
}

#[tokio::test]
async fn recovery_codes_open_once_each() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        let (_, codes) = stand.with_app().await;
        assert_eq!(codes.len(), 10);
        let typed = codes[3].to_uppercase().replace('-', " ");
        stand.use_up(&typed, None).await.unwrap();
        assert!(stand.use_up(&codes[3], None).await.is_err());
        assert_eq!(stand.n_told("mfa_code_refuse").await, 1);
        stand.use_up(&codes[4], None).await.unwrap();
        let view = stand.service.mfa(ANN).await.unwrap();
        assert_eq!((view.is_totp_on, view.n_recovery_codes), (true, 8));
    }
}

#[tokio::test]
async fn set_up_takes_a_right_code() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        assert_eq!(stand.confirm("123456").await.unwrap_err().status, 409, "not begun");
        let nameless = TotpStart { label: " \n".into() };
        let refused = stand.service.totp_start(&claims(), &nameless).await;
        assert_eq!(ApiError::from(refused.unwrap_err()).status, 400);

        let first = stand.start_app().await.unwrap();
        let second = stand.start_app().await.unwrap();
        assert_eq!(stand.n_secrets(), 1, "the first one is forgotten");
        assert_eq!(stand.confirm(&stand.code(&first)).await.unwrap_err().status, 400);
        assert!(!stand.service.is_on(ANN).await.unwrap());
        stand.confirm(&stand.code(&second)).await.unwrap();
        assert!(stand.service.is_on(ANN).await.unwrap());
        assert_eq!(stand.start_app().await.unwrap_err().status, 409);
        assert_eq!(stand.n_secrets(), 1);
        assert_eq!(stand.confirm(&stand.code(&second)).await.unwrap_err().status, 409);
    }
}

#[tokio::test]
async fn turning_it_off_takes_a_code() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        let (app, codes) = stand.with_app().await;
        assert_eq!(stand.disable("000 000").await.unwrap_err().status, 401);
        stand.disable(&stand.code(&app)).await.unwrap();
        assert_eq!(stand.n_secrets(), 0);
        assert!(!stand.service.mfa(ANN).await.unwrap().is_totp_on);
        assert_eq!(stand.disable(&codes[0]).await.unwrap_err().status, 409);
    }
}

/// Who got hold of the password guesses codes: slowed down, told to the log, and the person's own
/// device still gets in.
#[tokio::test]
async fn guessing_codes_locks_out_the_guesser_alone() {
    let stand = Stand::start(testing::sqlite().await).await;
    let (app, _) = stand.with_app().await;
    let right = stand.code(&app);
    let wrong = if right == "111111" { "222222" } else { "111111" };
    let mut n_wrong = 0;
    let stopped = loop {
        let refused = stand.use_up(wrong, None).await.unwrap_err();
        if refused.code != Code::SecondFactorRequired {
            break refused;
        }
        n_wrong += 1;
        assert!(n_wrong < 20, "nothing stops the guesser");
    };
    assert_eq!(stopped.code, Code::RateLimited);
    assert_eq!(stand.use_up(&right, None).await.unwrap_err().code, Code::RateLimited);
    stand.use_up(&right, Some(PHONE)).await.unwrap();
    assert_eq!(stand.n_told("mfa_code_refuse").await, n_wrong);
}

#[tokio::test]
async fn an_erased_account_has_none() {
    let stand = Stand::start(testing::sqlite().await).await;
    let (_, codes) = stand.with_app().await;
    stand.service.subject_erase(ANN).await.unwrap();
    stand.service.subject_erase(ANN).await.unwrap();
    assert!(!stand.service.is_on(ANN).await.unwrap());
    assert!(stand.use_up(&codes[0], None).await.is_err());
}
