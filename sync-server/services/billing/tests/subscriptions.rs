//! Subscriptions over every kind of database, with a clock that the test moves.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use api::{
    accounts::{PlanAction, PlanChange, PlanView},
    error::Code,
};
use domain::{
    AccountId, DeviceId, SessionId, audit,
    plan::{Plan, Standing, Tier},
};
use engine_sql::{
    outbox,
    testing::{self, TestDb},
};
use svc_billing::{Parts, Service};
use web::{ApiError, auth::Claims};

const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;
const ANN: AccountId = AccountId::from_uuid(uuid(1));

struct Stand {
    service: Service,
    now_us: Arc<AtomicI64>,
    db: TestDb,
}

impl Stand {
    async fn start(db: TestDb) -> Self {
        let now_us = Arc::new(AtomicI64::new(1_700_000_000_000_000));
        let clock = {
            let now_us = now_us.clone();
            Arc::new(move || now_us.load(Ordering::Relaxed))
        };
        let parts = Parts {
            db: engine_sql::Db::clone(&db),
            clock,
            plans: vec![plan("individual", 1), plan("family", 6)],
            on_act: Box::new(|| {}),
        };
        Self { service: Service::open(parts).await.unwrap(), now_us, db }
    }

    fn pass(&self, time_us: i64) {
        self.now_us.fetch_add(time_us, Ordering::Relaxed);
    }

    async fn change(&self, action: PlanAction, plan: Option<&str>) -> Result<PlanView, ApiError> {
        let asked = PlanChange { action, plan: plan.map(str::to_owned) };
        Ok(self.service.plan_change(&claims(), &asked).await?)
    }

    async fn set(&self, plan: Option<(&str, u32)>) -> Result<PlanView, ApiError> {
        Ok(self.service.plan_set(ANN, plan, "a gift").await?)
    }

    async fn tier(&self) -> Tier {
        self.service.tiers(&[ANN]).await.unwrap().remove(0)
    }

    async fn acts(&self) -> Vec<audit::Act> {
        let messages = outbox::pending(&self.db, audit::TOPIC, 100).await.unwrap();
        messages.iter().map(|message| serde_json::from_str(&message.body).unwrap()).collect()
    }
}

const fn uuid(n: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(n)
}

fn plan(id: &str, n_members: u32) -> Plan {
    Plan {
        id: id.to_owned(),
        name: id.to_owned(),
        n_members,
        is_for_students: false,
        trial_days: 30,
        grace_days: 7,
    }
}

fn claims() -> Claims {
    Claims {
        account: ANN,
        session: SessionId::from_uuid(uuid(2)),
        device: DeviceId::from_uuid(uuid(3)),
        tier: Tier::Free,
        roles: Vec::new(),
        roles_version: 0,
        authenticated_at_s: 0,
        expires_at_s: 0,
    }
}

#[tokio::test]
async fn a_trial_gives_premium_and_ends_by_itself() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        assert_eq!(stand.tier().await, Tier::Free);
        let refused = stand.change(PlanAction::Cancel, None).await.unwrap_err();
        assert_eq!(refused.code, Code::Conflict);
        for (action, plan) in [
            (PlanAction::StartTrial, None),
            (PlanAction::StartTrial, Some("gold")),
            (PlanAction::Cancel, Some("individual")),
        ] {
            assert_eq!(stand.change(action, plan).await.unwrap_err().status, 400);
        }
        let started = stand.change(PlanAction::StartTrial, Some("individual")).await.unwrap();
        assert_eq!((started.tier, started.is_trial_left), (Tier::Premium, false));
        assert!(!started.entitlements.has_ads);
        assert_eq!(stand.tier().await, Tier::Premium);

        let cancelled = stand.change(PlanAction::Cancel, None).await.unwrap();
        assert!(matches!(cancelled.standing, Standing::Cancelled { was_trial: true, .. }));
        assert_eq!(cancelled.tier, Tier::Premium, "to its end");
        stand.change(PlanAction::Resume, None).await.unwrap();

        stand.pass(31 * DAY_US);
        let over = stand.service.plan(ANN).await.unwrap();
        assert_eq!((over.tier, over.standing), (Tier::Free, Standing::Free));
        assert_eq!(stand.tier().await, Tier::Free);
        let again = stand.change(PlanAction::StartTrial, Some("family")).await.unwrap_err();
        assert_eq!(again.code, Code::Conflict);
    }
}

#[tokio::test]
async fn an_operator_gives_a_plan_and_takes_it() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        let given = stand.set(Some(("family", 30))).await.unwrap();
        assert_eq!((given.tier, given.plan.as_deref()), (Tier::Premium, Some("family")));
        stand.pass(33 * DAY_US);
        let late = stand.service.plan(ANN).await.unwrap();
        assert!(matches!(late.standing, Standing::Grace { .. }), "{:?}", late.standing);
        assert_eq!(stand.set(None).await.unwrap().tier, Tier::Free);
        assert!(stand.set(None).await.is_err());
        assert!(stand.set(Some(("gold", 3))).await.is_err(), "there is no such plan");

        let acts = stand.acts().await;
        let told: Vec<&str> = acts.iter().map(|act| act.verb.as_str()).collect();
        assert_eq!(told, ["subscription_give", "subscription_revoke"], "what failed is not told");
        assert_eq!(acts[0].object.as_str(), format!("account:{ANN}"));
        assert_eq!(acts[0].reason.as_ref().unwrap().as_str(), "a gift");
        assert_eq!(acts[0].actor, None, "whoever runs the machine");
    }
}

#[tokio::test]
async fn what_accounts_have_comes_in_the_order_asked_for() {
    for db in testing::databases().await {
        let stand = Stand::start(db).await;
        stand.set(Some(("family", 30))).await.unwrap();
        let other = AccountId::from_uuid(uuid(9));
        let tiers = stand.service.tiers(&[other, ANN, other, ANN]).await.unwrap();
        assert_eq!(tiers, [Tier::Free, Tier::Premium, Tier::Free, Tier::Premium]);
        assert!(stand.service.tiers(&[]).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn an_erased_account_has_no_plan() {
    let stand = Stand::start(testing::sqlite().await).await;
    stand.set(Some(("family", 30))).await.unwrap();
    stand.service.subject_erase(ANN).await.unwrap();
    stand.service.subject_erase(ANN).await.unwrap();
    assert_eq!(stand.tier().await, Tier::Free);
}
