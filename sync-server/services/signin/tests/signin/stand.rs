//! A service with accounts in memory, a clock that the test moves, and real providers.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use api::{
    accounts::{Account, Session, Visibility},
    mfa::PasskeyCode,
    sign_in::{Loopback, OidcIntent, OidcStart, SessionFromCode},
};
use api_tests::oidc_provider::{CLIENT_ID, CLIENT_SECRET, OidcProvider, Person, browse};
use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{AccountId, DeviceId, SessionId, audit, plan::Tier};
use engine_sql::{outbox, testing::TestDb};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use svc_signin::{
    Callback, Parts, PasskeyProofs, ProviderSettings, Service,
    peer::{Accounts, LookupKey, SecondFactor},
};
use url::Url;
use web::ApiError;

pub const SECOND_US: i64 = 1_000_000;
pub const MINUTE_US: i64 = 60 * SECOND_US;

/// Where the service is said to be. Nobody listens there.
pub const PUBLIC_URL: &str = "http://127.0.0.1:4600";

/// Of the app that signs in; the example of RFC 7636, appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// Of the app, too.
pub const STATE: &str = "state-of-the-app-0123456789";

/// Accounts that forget with the test. The real ones have tests of their own, and the server's
/// tests have both.
#[derive(Default)]
pub struct MemoryAccounts(Mutex<BTreeMap<AccountId, (Account, bool)>>);

impl MemoryAccounts {
    pub fn add(&self, email: &str, is_email_verified: bool, has_password: bool) -> AccountId {
        let account = Account {
            id: AccountId::new(1, rand::random()),
            email: email.to_owned(),
            is_email_verified,
            display_name: "Ann".to_owned(),
            visibility: Visibility::default(),
            country: None,
            language: None,
            birth_date: None,
            avatar: None,
            roles: Vec::new(),
            tier: Tier::Free,
            created_at_us: 1,
        };
        let id = account.id;
        self.0.lock().unwrap().insert(id, (account, has_password));
        id
    }

    pub fn n(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

#[async_trait]
impl Accounts for MemoryAccounts {
    async fn account(&self, id: AccountId) -> Result<Account, ApiError> {
        let accounts = self.0.lock().unwrap();
        let found = accounts.get(&id).map(|(account, _)| account.clone());
        found.ok_or_else(|| ApiError::unauthenticated("This account is gone."))
    }

    async fn account_find(&self, email: &str) -> Result<Option<AccountId>, ApiError> {
        let accounts = self.0.lock().unwrap();
        let found = accounts.values().find(|(account, _)| account.email == email);
        Ok(found.map(|(account, _)| account.id))
    }

    async fn has_password(&self, id: AccountId) -> Result<bool, ApiError> {
        Ok(self.0.lock().unwrap().get(&id).is_some_and(|(_, has_password)| *has_password))
    }

    async fn account_create_external(
        &self,
        email: &str,
        _display_name: Option<String>,
    ) -> Result<Option<AccountId>, ApiError> {
        if self.0.lock().unwrap().values().any(|(account, _)| account.email == email) {
            return Ok(None);
        }
        Ok(Some(self.add(email, true, false)))
    }

    async fn session_open(
        &self,
        account: AccountId,
        _device_name: Option<String>,
        device_id: Option<DeviceId>,
        _from: Option<IpAddr>,
    ) -> Result<Session, ApiError> {
        Ok(Session {
            id: SessionId::new(1, rand::random()),
            device_id: device_id.unwrap_or_else(|| DeviceId::new(1, rand::random())),
            access_token: String::new(),
            token_type: "Bearer".to_owned(),
            expires_in: 600,
            refresh_token: String::new(),
            account: self.account(account).await?,
        })
    }
}

/// Whether all accounts are asked for a passkey after the password.
#[derive(Default)]
pub struct AskForPasskey(pub AtomicBool);

#[async_trait]
impl SecondFactor for AskForPasskey {
    async fn asks_for_passkey(&self, _: AccountId) -> Result<bool, ApiError> {
        Ok(self.0.load(Ordering::Relaxed))
    }
}

/// Hashes that a test can undo.
struct Backwards;

impl LookupKey for Backwards {
    fn lookup_hash(&self, text: &str) -> String {
        text.chars().rev().collect()
    }
}

pub struct Stand {
    pub service: Service,
    /// Beside it, on the same database.
    pub proofs: PasskeyProofs,
    pub accounts: Arc<MemoryAccounts>,
    pub second_factor: Arc<AskForPasskey>,
    pub db: TestDb,
    now_us: Arc<AtomicI64>,
}

impl Stand {
    pub async fn start(db: TestDb, providers: &[(&str, &OidcProvider)]) -> Self {
        // Fails where another test of this process was first, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // Real time, since providers say when their tokens expire.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let now_us = Arc::new(AtomicI64::new(i64::try_from(now.as_micros()).unwrap()));
        let time = now_us.clone();
        let clock: web::clock::Clock = Arc::new(move || time.load(Ordering::Relaxed));
        let accounts = Arc::new(MemoryAccounts::default());
        let second_factor = Arc::new(AskForPasskey::default());
        let proofs = PasskeyProofs::open(engine_sql::Db::clone(&db), clock.clone()).await.unwrap();
        let parts = Parts {
            db: engine_sql::Db::clone(&db),
            clock,
            accounts: accounts.clone(),
            second_factor: second_factor.clone(),
            lookup_key: Arc::new(Backwards),
            providers: providers.iter().map(|(id, one)| settings(id, one.issuer())).collect(),
            public_url: PUBLIC_URL.to_owned(),
            on_act: Box::new(|| {}),
        };
        let service = Service::open(parts).await.unwrap();
        Self { service, proofs, accounts, second_factor, db, now_us }
    }

    pub fn pass(&self, time_us: i64) {
        self.now_us.fetch_add(time_us, Ordering::Relaxed);
    }

    /// Begins at a provider; answers with what the browser opens.
    pub async fn start_at(
        &self,
        provider: &str,
        account: Option<AccountId>,
    ) -> Result<String, ApiError> {
        let intent = if account.is_some() { OidcIntent::Link } else { OidcIntent::SignIn };
        let asked = OidcStart { intent, loopback: loopback() };
        Ok(self.service.oidc_start(provider, asked, account, None).await?.url)
    }

    /// Comes back from a provider; answers with where the browser goes on to.
    pub async fn come_back(&self, provider: &str, url: &str) -> Result<String, ApiError> {
        Ok(self.service.oidc_finish(provider, callback(url), None).await?)
    }

    /// Begins, does as the person does at the provider, and comes back.
    pub async fn sign_in_at(
        &self,
        provider: &str,
        person: Person<'_>,
        account: Option<AccountId>,
    ) -> Result<String, ApiError> {
        let url = self.start_at(provider, account).await?;
        let back = browse(&url, person, PUBLIC_URL).await.unwrap();
        self.come_back(provider, &back).await
    }

    pub async fn trade(&self, code: &str, verifier: &str) -> Result<Session, ApiError> {
        let asked = SessionFromCode {
            code: code.to_owned(),
            code_verifier: verifier.to_owned(),
            device_name: Some("a test".to_owned()),
            device_id: None,
        };
        Ok(self.service.session_from_code(asked, None).await?)
    }

    /// Whose passkey brought a code.
    pub async fn prove(&self, code: &str, verifier: &str) -> Option<AccountId> {
        let (code, code_verifier) = (code.to_owned(), verifier.to_owned());
        self.proofs.code_use(&PasskeyCode { code, code_verifier }).await.unwrap()
    }

    /// What the audit log is told, in no order: the clock stands still.
    pub async fn acts(&self) -> Vec<audit::Act> {
        let told = outbox::pending(&self.db, audit::TOPIC, 100).await.unwrap();
        told.iter().map(|message| serde_json::from_str(&message.body).unwrap()).collect()
    }

    pub async fn verbs(&self) -> Vec<String> {
        let mut verbs: Vec<_> = self.acts().await.iter().map(|act| act.verb.to_string()).collect();
        verbs.sort();
        verbs
    }
}

/// A provider where everyone signs in to the service of [`Stand`].
pub fn provider(people: &Value) -> OidcProvider {
    let mut provider = OidcProvider::start().unwrap();
    configure(&mut provider, "house", people);
    provider
}

pub fn configure(provider: &mut OidcProvider, id: &str, people: &Value) {
    let redirect_uri = format!("{PUBLIC_URL}/api/v1/oidc/{id}/callback");
    provider.configure(&redirect_uri, people, &json!({})).unwrap();
}

pub fn settings(id: &str, issuer: &str) -> ProviderSettings {
    ProviderSettings {
        id: id.to_owned(),
        name: format!("The {id}"),
        issuer: issuer.to_owned(),
        client_id: CLIENT_ID.to_owned(),
        client_secret: Some(CLIENT_SECRET.to_owned()),
        scopes: ["openid", "email", "profile"].map(str::to_owned).to_vec(),
    }
}

pub fn loopback() -> Loopback {
    Loopback {
        redirect_uri: "http://127.0.0.1:49152/back".to_owned(),
        state: STATE.to_owned(),
        code_challenge: URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER)),
    }
}

/// What the app reads at its loopback address.
pub fn answer(location: &str) -> Result<String, String> {
    let url = Url::parse(location).unwrap();
    assert!(location.starts_with("http://127.0.0.1:49152/back?"), "{location}");
    let query: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
    assert_eq!(query["state"], STATE);
    match query.get("error") {
        Some(error) => Err(error.clone()),
        None => Ok(query["code"].clone()),
    }
}

/// What a provider's redirect says.
pub fn callback(url: &str) -> Callback {
    let mut query: BTreeMap<String, String> =
        Url::parse(url).unwrap().query_pairs().into_owned().collect();
    Callback {
        code: query.remove("code"),
        state: query.remove("state"),
        iss: query.remove("iss"),
        error: query.remove("error"),
    }
}
