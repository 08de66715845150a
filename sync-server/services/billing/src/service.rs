//! The verbs: see where an account stands, and change it.

use api::accounts::{PlanAction, PlanChange, PlanView, TierOffer};
use domain::{
    AccountId,
    audit::{Act, Reason},
    plan::{Change, Plan, Subscription, Tier},
};
use engine_sql::{
    Db,
    acts::{self, By},
};
use web::{ApiError, auth::Claims, clock::Clock, reason};

use crate::{Error, store::Store};

const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;

/// Told after each act that the audit log has to know of.
pub type OnAct = Box<dyn Fn() + Send + Sync>;

/// What the service stands on.
pub struct Parts {
    pub db: Db,
    pub clock: Clock,
    /// On offer, in the order in which they are shown.
    pub plans: Vec<Plan>,
    pub on_act: OnAct,
}

/// The subscriptions of one server.
pub struct Service {
    store: Store,
    clock: Clock,
    plans: Vec<Plan>,
    on_act: OnAct,
}

impl Service {
    pub async fn open(parts: Parts) -> Result<Self, Error> {
        let Parts { db, clock, plans, on_act } = parts;
        Ok(Self { store: Store::open(db).await?, clock, plans, on_act })
    }

    /// What accounts get at this time, in the order in which they were asked for.
    pub async fn tiers(&self, of: &[AccountId]) -> Result<Vec<Tier>, Error> {
        let now_us = (self.clock)();
        let subscriptions = self.store.subscriptions(of).await?;
        Ok(subscriptions.into_iter().map(|subscription| subscription.at(now_us).tier()).collect())
    }

    pub async fn plan(&self, account: AccountId) -> Result<PlanView, Error> {
        let stored = self.store.subscription(account).await?;
        Ok(self.plan_view(stored.at((self.clock)())))
    }

    /// Forgets the account.
    pub async fn subject_erase(&self, account: AccountId) -> Result<(), Error> {
        self.store.erase(account).await
    }

    /// What an account does to its own subscription. Paying is not among it.
    pub async fn plan_change(
        &self,
        claims: &Claims,
        asked: &PlanChange,
    ) -> Result<PlanView, Error> {
        let (change, verb) = match (asked.action, &asked.plan) {
            (PlanAction::StartTrial, Some(id)) => {
                (Change::StartTrial(self.plan_offered(id)?), "trial_start")
            }
            (PlanAction::Cancel, None) => (Change::Cancel, "subscription_cancel"),
            (PlanAction::Resume, None) => (Change::Resume, "subscription_resume"),
            _ => {
                return Err(ApiError::invalid(
                    "The action and the plan do not go together.",
                    "Name a plan to start a trial of, and none otherwise.",
                )
                .into());
            }
        };
        self.subscription_change(claims.account, Some(claims.account), &change, verb, None).await
    }

    /// Gives a plan for some days without payment, or takes it at once: the operator's way.
    pub async fn plan_set(
        &self,
        account: AccountId,
        plan: Option<(&str, u32)>,
        reason: &str,
    ) -> Result<PlanView, Error> {
        let (change, verb) = match plan {
            Some((id, n_days)) => {
                let until_us = (self.clock)().saturating_add(i64::from(n_days) * DAY_US);
                let plan = self.plan_offered(id)?;
                (Change::Paid { plan, until_us }, "subscription_give")
            }
            None => (Change::Revoke, "subscription_revoke"),
        };
        let reason = Some(reason::parse(reason)?);
        self.subscription_change(account, None, &change, verb, reason).await
    }

    async fn subscription_change(
        &self,
        account: AccountId,
        actor: Option<AccountId>,
        change: &Change,
        verb: &'static str,
        reason: Option<Reason>,
    ) -> Result<PlanView, Error> {
        let by = By { actor, now_us: (self.clock)() };
        let act = Act { reason, ..by.security(verb, acts::account(account)) };
        let changed = self.store.change(account, change, &act).await?;
        (self.on_act)();
        Ok(self.plan_view(changed))
    }

    fn plan_offered(&self, id: &str) -> Result<Plan, ApiError> {
        let plan = self.plans.iter().find(|plan| plan.id == id).cloned();
        plan.ok_or_else(|| {
            ApiError::invalid("There is no such plan.", "Take one of those of `plan_view`.")
        })
    }

    fn plan_view(&self, subscription: Subscription) -> PlanView {
        let tier = subscription.tier();
        let offer = |tier: Tier| TierOffer { tier, entitlements: tier.entitlements() };
        PlanView {
            tier,
            standing: subscription.standing,
            plan: subscription.plan,
            entitlements: tier.entitlements(),
            is_trial_left: !subscription.had_trial,
            tiers: vec![offer(Tier::Free), offer(Tier::Premium)],
            plans: self.plans.clone(),
        }
    }
}
