//! Plans: what an account has, and what it may do about it.

use api::accounts::{PlanAction, PlanChange, PlanView, TierOffer};
use credentials::Email;
use domain::{
    AccountId,
    audit::{Act, Reason},
    plan::{Change, Refusal, Subscription, Tier},
};
use web::{ApiError, auth::Claims};

use super::Service;
use crate::{
    Error,
    acts::{self, By},
};

const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;

impl Service {
    pub async fn plan(&self, account: AccountId) -> Result<PlanView, Error> {
        let stored = self.store.account(account).await?.ok_or_else(super::gone)?;
        Ok(self.plan_view(stored.subscription.at((self.clock)())))
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
        email: &str,
        plan: Option<(&str, u32)>,
        reason: &str,
    ) -> Result<PlanView, Error> {
        let hash = Email::parse(email)?.hash();
        let stored = self.store.account_by_email(&hash).await?.ok_or_else(super::no_account)?;
        let (change, verb) = match plan {
            Some((id, n_days)) => {
                let until_us = (self.clock)().saturating_add(i64::from(n_days) * DAY_US);
                let plan = self.plan_offered(id)?;
                (Change::Paid { plan, until_us }, "subscription_give")
            }
            None => (Change::Revoke, "subscription_revoke"),
        };
        let reason = Some(super::reason(reason)?);
        self.subscription_change(stored.id(), None, &change, verb, reason).await
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
        let changed = self.store.subscription_change(account, change, &act).await?;
        let changed = changed.ok_or_else(super::gone)?;
        self.acted();
        Ok(self.plan_view(changed))
    }

    fn plan_offered(&self, id: &str) -> Result<domain::plan::Plan, ApiError> {
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

/// 409, with what to do instead.
pub(crate) fn refused(refusal: Refusal) -> Error {
    let (message, hint) = match refusal {
        Refusal::NoTrial => ("This plan has no trial.", "Take another plan."),
        Refusal::TrialUsed => ("This account had its trial before.", "Subscribe to a plan."),
        Refusal::Subscribed => ("This account has Premium already.", ""),
        Refusal::NotSubscribed => ("This account has no plan.", "Start one first."),
        Refusal::Cancelled => ("The plan is cancelled already.", "Resume it to go on."),
        Refusal::NotCancelled => ("The plan is not cancelled.", ""),
        Refusal::Past => ("The end of the plan lies in the past.", "Name a later one."),
    };
    ApiError::conflict(message, hint).into()
}
