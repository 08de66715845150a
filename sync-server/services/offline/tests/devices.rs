//! Offline devices over every kind of database, with plans and sessions that the test makes.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicI64, Ordering},
};

use api::{error::Code, offline::OfflineDevices};
use async_trait::async_trait;
use domain::{AccountId, DeviceId, SessionId, audit, plan::Tier};
use engine_sql::{
    outbox,
    testing::{self, TestDb},
};
use svc_offline::{
    Parts, Service,
    peer::{PeerError, Session, Sessions, Tiers},
};
use web::{ApiError, auth::Claims};

const SECOND_US: i64 = 1_000_000;
const ANN: AccountId = AccountId::from_uuid(uuid(1));
const BOB: AccountId = AccountId::from_uuid(uuid(2));

/// Everybody has one tier, and is signed in where it was not left.
struct World {
    tier: Mutex<Tier>,
    left: Mutex<Vec<SessionId>>,
}

#[async_trait]
impl Tiers for World {
    async fn tier(&self, _: AccountId) -> Result<Tier, PeerError> {
        Ok(*self.tier.lock().unwrap())
    }
}

#[async_trait]
impl Sessions for World {
    async fn sessions(&self, _: AccountId) -> Result<Vec<Session>, PeerError> {
        let left = self.left.lock().unwrap().clone();
        let living = (0..20).filter(|n| !left.contains(&session(*n)));
        let named = |n| Session { id: session(n), device_name: format!("device {n}") };
        Ok(living.map(named).collect())
    }
}

struct Stand {
    service: Service,
    world: Arc<World>,
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
        let world = Arc::new(World { tier: Mutex::new(Tier::Premium), left: Mutex::default() });
        let parts = Parts {
            db: engine_sql::Db::clone(&db),
            clock,
            tiers: world.clone(),
            sessions: world.clone(),
            on_act: Box::new(|| {}),
        };
        Self { service: Service::open(parts).await.unwrap(), world, now_us, db }
    }

    async fn devices(&self) -> OfflineDevices {
        self.service.devices(&claims(ANN, 0)).await.unwrap()
    }

    /// In session `n`, on device `n`.
    async fn use_on(&self, n: u128) -> Result<OfflineDevices, ApiError> {
        self.now_us.fetch_add(SECOND_US, Ordering::Relaxed);
        Ok(self.service.device_use(&claims(ANN, n)).await?)
    }

    async fn release(&self, n: u128) -> Result<OfflineDevices, ApiError> {
        self.now_us.fetch_add(SECOND_US, Ordering::Relaxed);
        Ok(self.service.device_release(&claims(ANN, 0), device(n)).await?)
    }

    fn sign_out(&self, n: u128) {
        self.world.left.lock().unwrap().push(session(n));
    }

    async fn acts(&self) -> Vec<(String, String)> {
        let messages = outbox::pending(&self.db, audit::TOPIC, 100).await.unwrap();
        let act = |message: &outbox::Message| {
            let act: audit::Act = serde_json::from_str(&message.body).unwrap();
            (act.verb.to_string(), act.object.to_string())
        };
        messages.iter().map(act).collect()
    }
}

fn claims(account: AccountId, n: u128) -> Claims {
    Claims {
        account,
        session: session(n),
        device: device(n),
        // What it was when the token was made; the plan of now counts.
        tier: Tier::Free,
        roles: Vec::new(),
        roles_version: 0,
        authenticated_at_s: 0,
        expires_at_s: 0,
    }
}

fn session(n: u128) -> SessionId {
    SessionId::from_uuid(uuid(100 + n))
}

fn device(n: u128) -> DeviceId {
    DeviceId::from_uuid(uuid(200 + n))
}

const fn uuid(n: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(n)
}

fn names(of: &OfflineDevices) -> Vec<&str> {
    of.devices.iter().map(|device| device.device_name.as_str()).collect()
}

#[tokio::test]
async fn as_many_devices_keep_music_as_the_plan_allows() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        assert_eq!(stand.devices().await, OfflineDevices { n_allowed: 5, devices: vec![] });
        for n in 0..5 {
            stand.use_on(n).await.unwrap();
        }
        let again = stand.use_on(1).await.unwrap();
        let all = ["device 0", "device 1", "device 2", "device 3", "device 4"];
        assert_eq!(names(&again), all, "once each, the first one first");
        let current: Vec<_> = again.devices.iter().map(|device| device.is_current).collect();
        assert_eq!(current, [false, true, false, false, false]);
        let full = stand.use_on(5).await.unwrap_err();
        assert_eq!(full.code, Code::Conflict);
        assert!(full.message.contains('5') && full.hint.contains("Release"), "{full:?}");

        assert_eq!(stand.release(0).await.unwrap().devices.len(), 4);
        assert_eq!(stand.release(0).await.unwrap_err().status, 404);
        let devices = stand.use_on(5).await.unwrap();
        assert_eq!(names(&devices).last(), Some(&"device 5"));

        let acts = stand.acts().await;
        let told = |verb: &str| acts.iter().filter(|(told, _)| told == verb).count();
        assert_eq!((told("offline_device_use"), told("offline_device_release")), (6, 1));
        let object = format!("device:{}", device(0));
        assert_eq!(acts.iter().filter(|(_, told)| *told == object).count(), 2);
    }
}

#[tokio::test]
async fn of_two_devices_for_the_last_place_one_gets_it() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        for n in 0..4 {
            stand.use_on(n).await.unwrap();
        }
        let (a, b) = tokio::join!(stand.use_on(4), stand.use_on(5));
        assert!(a.is_ok() != b.is_ok());
        assert_eq!(stand.devices().await.devices.len(), 5);
    }
}

/// Another plan takes no device away, and lets none be added.
#[tokio::test]
async fn what_a_plan_does_not_allow_is_refused_with_the_reason() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        stand.use_on(1).await.unwrap();
        *stand.world.tier.lock().unwrap() = Tier::Free;
        let refused = stand.use_on(2).await.unwrap_err();
        assert_eq!((refused.status.as_u16(), refused.code), (403, Code::Forbidden));
        assert!(refused.message.contains("plan") && refused.hint.contains("Premium"));
        let devices = stand.devices().await;
        assert_eq!((devices.n_allowed, names(&devices)), (0, vec!["device 1"]));
        assert!(stand.release(1).await.unwrap().devices.is_empty());
    }
}

#[tokio::test]
async fn a_device_that_is_signed_out_is_released() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        for n in 0..5 {
            stand.use_on(n).await.unwrap();
        }
        stand.sign_out(3);
        let left = ["device 0", "device 1", "device 2", "device 4"];
        assert_eq!(names(&stand.devices().await), left);
        assert_eq!(stand.release(3).await.unwrap_err().status, 404);
        assert_eq!(stand.use_on(6).await.unwrap().devices.len(), 5);
        // Signing in there again is another session.
        let back = Claims { session: session(7), ..claims(ANN, 3) };
        let full = stand.service.device_use(&back).await.unwrap_err();
        assert_eq!(ApiError::from(full).code, Code::Conflict);
        stand.sign_out(0);
        let devices = stand.service.device_use(&back).await.unwrap();
        let is_back = devices.devices.iter().any(|used| used.device_id == device(3));
        assert!(is_back && devices.devices.len() == 5, "{devices:?}");
    }
}

#[tokio::test]
async fn devices_of_others_are_not_there() {
    let stand = Stand::start(testing::sqlite().await).await;
    stand.use_on(1).await.unwrap();
    let bob = claims(BOB, 8);
    assert!(stand.service.devices(&bob).await.unwrap().devices.is_empty());
    let foreign = stand.service.device_release(&bob, device(1)).await.unwrap_err();
    assert_eq!(ApiError::from(foreign).status, 404);
    assert_eq!(stand.devices().await.devices.len(), 1);
}
