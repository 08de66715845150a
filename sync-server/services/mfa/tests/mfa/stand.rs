//! A service with a vault and passkeys in memory, and a clock that the test moves.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
};

use api::mfa::{Methods, PasskeyCode, Shown, TotpConfirm, TotpDisable, TotpStart};
use async_trait::async_trait;
use domain::{AccountId, DeviceId, SessionId, audit, plan::Tier};
use engine_sql::{outbox, testing::TestDb};
use svc_mfa::{
    Parts, Service,
    peer::{Passkeys, PeerError, Vault},
};
use totp_rs::{Builder, Secret, Totp};
use web::{ApiError, auth::Claims};

pub const SECOND_US: i64 = 1_000_000;
pub const ANN: AccountId = AccountId::from_uuid(uuid(1));
pub const BOB: AccountId = AccountId::from_uuid(uuid(4));
pub const PHONE: DeviceId = DeviceId::from_uuid(uuid(2));

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

/// Whose passkeys there are, and the codes that they brought. The real ones have tests of their own.
#[derive(Default)]
pub struct MemoryPasskeys {
    owners: Mutex<BTreeSet<AccountId>>,
    codes: Mutex<BTreeMap<String, AccountId>>,
}

impl MemoryPasskeys {
    pub fn add(&self, of: AccountId) {
        self.owners.lock().unwrap().insert(of);
    }

    /// A passkey of the account was used.
    pub fn code(&self, of: AccountId) -> PasskeyCode {
        let code = format!("code-{}", rand::random::<u64>());
        self.codes.lock().unwrap().insert(code.clone(), of);
        PasskeyCode { code, code_verifier: String::new() }
    }

    pub fn n_unused(&self) -> usize {
        self.codes.lock().unwrap().len()
    }
}

#[async_trait]
impl Passkeys for MemoryPasskeys {
    async fn has_passkey(&self, of: AccountId) -> Result<bool, PeerError> {
        Ok(self.owners.lock().unwrap().contains(&of))
    }

    async fn code_use(&self, code: &PasskeyCode) -> Result<Option<AccountId>, PeerError> {
        Ok(self.codes.lock().unwrap().remove(&code.code))
    }
}

pub struct Stand {
    pub service: Service,
    pub vault: Arc<MemoryVault>,
    pub passkeys: Arc<MemoryPasskeys>,
    pub db: TestDb,
    now_us: Arc<AtomicI64>,
}

impl Stand {
    pub async fn start(db: TestDb) -> Self {
        let now_us = Arc::new(AtomicI64::new(1_700_000_000 * SECOND_US));
        let clock = {
            let now_us = now_us.clone();
            Arc::new(move || now_us.load(Ordering::Relaxed))
        };
        let (vault, passkeys) = (Arc::<MemoryVault>::default(), Arc::<MemoryPasskeys>::default());
        let parts = Parts {
            db: engine_sql::Db::clone(&db),
            clock,
            vault: vault.clone(),
            passkeys: passkeys.clone(),
            on_act: Box::new(|| {}),
        };
        Self { service: Service::open(parts).await.unwrap(), vault, passkeys, db, now_us }
    }

    pub fn pass(&self, time_us: i64) {
        self.now_us.fetch_add(time_us, Ordering::Relaxed);
    }

    pub fn now_s(&self) -> u64 {
        u64::try_from(self.now_us.load(Ordering::Relaxed) / SECOND_US).unwrap()
    }

    pub fn code(&self, app: &Totp) -> String {
        app.generate(self.now_s()).to_string()
    }

    pub async fn start_app(&self) -> Result<Totp, ApiError> {
        let asked = TotpStart { label: "ann@example.org".into() };
        let secret = self.service.totp_start(&claims(), &asked).await?;
        assert!(secret.uri.contains("ann%40example.org"), "{}", secret.uri);
        let secret = Secret::try_from_base32(&secret.secret).unwrap();
        Ok(Builder::new().with_secret(secret).with_account_name("ann").build().unwrap())
    }

    pub async fn confirm(&self, code: &str) -> Result<Vec<String>, ApiError> {
        let asked = TotpConfirm { code: code.to_owned() };
        Ok(self.service.totp_confirm(&claims(), &asked).await?.codes)
    }

    pub async fn disable(&self, code: &str) -> Result<(), ApiError> {
        let asked = TotpDisable { code: code.to_owned() };
        Ok(self.service.totp_disable(&claims(), &asked).await?)
    }

    pub async fn use_up(&self, code: &str, device: Option<DeviceId>) -> Result<(), ApiError> {
        Ok(self.service.use_up(ANN, Some(Shown::Code(code)), device).await?)
    }

    pub async fn use_passkey(&self, code: &PasskeyCode) -> Result<(), ApiError> {
        Ok(self.service.use_up(ANN, Some(Shown::Passkey(code)), None).await?)
    }

    pub async fn enable_passkey(&self) -> Result<Vec<String>, ApiError> {
        Ok(self.service.passkey_enable(&claims()).await?.codes)
    }

    pub async fn disable_passkey(&self) -> Result<(), ApiError> {
        Ok(self.service.passkey_disable(&claims()).await?)
    }

    pub async fn renew_recovery(&self) -> Result<Vec<String>, ApiError> {
        Ok(self.service.recovery_renew(&claims()).await?.codes)
    }

    /// Whether the app and a passkey are asked for.
    pub async fn methods(&self) -> (bool, bool) {
        let Methods { totp, passkey } = self.service.methods(ANN).await.unwrap();
        (totp, passkey)
    }

    pub async fn n_recovery_codes(&self) -> u32 {
        self.service.mfa(ANN).await.unwrap().n_recovery_codes
    }

    /// The app, turned on, and the recovery codes.
    pub async fn with_app(&self) -> (Totp, Vec<String>) {
        let app = self.start_app().await.unwrap();
        let codes = self.confirm(&self.code(&app)).await.unwrap();
        // The code that turned it on is used.
        self.pass(30 * SECOND_US);
        (app, codes)
    }

    pub fn n_secrets(&self) -> usize {
        self.vault.0.lock().unwrap().len()
    }

    pub async fn n_told(&self, verb: &str) -> usize {
        let messages = outbox::pending(&self.db, audit::TOPIC, 100).await.unwrap();
        let acts = messages.iter().map(|m| serde_json::from_str::<audit::Act>(&m.body).unwrap());
        acts.filter(|act| act.verb.as_str() == verb).count()
    }
}

const fn uuid(n: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(n)
}

pub fn claims() -> Claims {
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
