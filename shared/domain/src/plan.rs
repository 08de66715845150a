//! Plans: what a subscription is at a time, what changes it, and what it gives.
//!
//! Which plans there are is data ([`Plan`]); what a plan can go through is here. A subscription
//! is never advanced by a timer: [`Subscription::at`] says what it has become by now, so that a
//! machine that slept through a date is not late.

use serde::{Deserialize, Serialize};

const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;

/// What an account gets.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    #[default]
    Free,
    Premium,
}

/// The best sound a tier may ask for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    /// Opus at up to 160 kbit/s.
    Standard,
    /// FLAC as the master is.
    HiFi,
}

/// Skips within a sliding window.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SkipAllowance {
    pub n_skips: u32,
    pub window_minutes: u32,
}

/// All that a tier gives, derived here and nowhere else.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Entitlements {
    pub has_ads: bool,
    /// Without limit where absent.
    pub skips: Option<SkipAllowance>,
    pub top_quality: Quality,
    /// Devices that may keep music; none where 0.
    pub n_offline_devices: u32,
    /// Tracks on each of them.
    pub n_offline_tracks: u32,
}

impl Tier {
    pub const fn entitlements(self) -> Entitlements {
        match self {
            Self::Free => Entitlements {
                has_ads: true,
                skips: Some(SkipAllowance { n_skips: 6, window_minutes: 60 }),
                top_quality: Quality::Standard,
                n_offline_devices: 0,
                n_offline_tracks: 0,
            },
            Self::Premium => Entitlements {
                has_ads: false,
                skips: None,
                top_quality: Quality::HiFi,
                n_offline_devices: 5,
                n_offline_tracks: 10_000,
            },
        }
    }
}

/// A plan on offer. All plans give Premium; Free is having none.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Such as `family`; what subscriptions name.
    pub id: String,
    /// Shown to people.
    pub name: String,
    /// Persons it is for.
    pub n_members: u32,
    /// Whether who takes it must show that they study.
    #[serde(default)]
    pub is_for_students: bool,
    /// Length of the trial; none where 0.
    pub trial_days: u32,
    /// How long Premium goes on after a payment did not come.
    pub grace_days: u32,
}

/// Where a subscription stands. Times are ends, in microseconds since 1970.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Standing {
    Free,
    /// Premium without payment, once per account.
    Trial {
        until_us: i64,
    },
    /// Paid.
    Active {
        until_us: i64,
    },
    /// Not paid when it was due; Premium goes on for now.
    Grace {
        until_us: i64,
    },
    /// Will end, and not go on.
    Cancelled {
        until_us: i64,
        was_trial: bool,
    },
}

/// What one account has taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subscription {
    /// Id of the plan; the last one where it has ended.
    pub plan: Option<String>,
    pub standing: Standing,
    /// What the plan said when it was taken: later offers change no running contract.
    pub grace_us: i64,
    pub had_trial: bool,
}

/// What happens to a subscription, save for time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Change {
    StartTrial(Plan),
    /// Paid up to `until_us`.
    Paid {
        plan: Plan,
        until_us: i64,
    },
    PaymentFailed,
    Cancel,
    /// Takes a cancellation back before it takes effect.
    Resume,
    /// Ends it at once: a refund, or fraud.
    Revoke,
}

/// Why a change cannot be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    #[error("this plan has no trial")]
    NoTrial,
    #[error("the trial was used before")]
    TrialUsed,
    #[error("there is a subscription already")]
    Subscribed,
    #[error("there is no subscription")]
    NotSubscribed,
    #[error("the subscription is cancelled already")]
    Cancelled,
    #[error("the subscription is not cancelled")]
    NotCancelled,
    #[error("what was paid ends in the past")]
    Past,
}

impl Default for Subscription {
    fn default() -> Self {
        Self { plan: None, standing: Standing::Free, grace_us: 0, had_trial: false }
    }
}

impl Subscription {
    /// What it has become by `now_us`.
    #[must_use]
    pub fn at(mut self, now_us: i64) -> Self {
        if let Standing::Active { until_us } = self.standing
            && until_us <= now_us
        {
            self.standing = Standing::Grace { until_us: until_us.saturating_add(self.grace_us) };
        }
        match self.standing {
            Standing::Trial { until_us }
            | Standing::Grace { until_us }
            | Standing::Cancelled { until_us, .. }
                if until_us <= now_us =>
            {
                self.standing = Standing::Free;
            }
            _ => {}
        }
        self
    }

    pub fn tier(&self) -> Tier {
        match self.standing {
            Standing::Free => Tier::Free,
            Standing::Trial { .. }
            | Standing::Active { .. }
            | Standing::Grace { .. }
            | Standing::Cancelled { .. } => Tier::Premium,
        }
    }

    /// What it is after a change at `now_us`.
    ///
    /// # Errors
    /// Why the change cannot be; nothing has changed then.
    pub fn after(self, change: &Change, now_us: i64) -> Result<Self, Refusal> {
        let now = self.at(now_us);
        match change {
            Change::StartTrial(plan) => now.start_trial(plan, now_us),
            Change::Paid { plan, until_us } => now.pay(plan, *until_us, now_us),
            Change::PaymentFailed => now.fail_payment(now_us),
            Change::Cancel => now.cancel(),
            Change::Resume => now.resume(),
            Change::Revoke => match now.standing {
                Standing::Free => Err(Refusal::NotSubscribed),
                _ => Ok(Self { standing: Standing::Free, ..now }),
            },
        }
    }

    fn start_trial(self, plan: &Plan, now_us: i64) -> Result<Self, Refusal> {
        if self.standing != Standing::Free {
            return Err(Refusal::Subscribed);
        }
        if self.had_trial {
            return Err(Refusal::TrialUsed);
        }
        if plan.trial_days == 0 {
            return Err(Refusal::NoTrial);
        }
        let until_us = now_us.saturating_add(i64::from(plan.trial_days) * DAY_US);
        Ok(Self { had_trial: true, ..Self::taken(plan, Standing::Trial { until_us }) })
    }

    /// Paying is always possible: it also brings back what was cancelled, and changes the plan.
    fn pay(self, plan: &Plan, until_us: i64, now_us: i64) -> Result<Self, Refusal> {
        if until_us <= now_us {
            return Err(Refusal::Past);
        }
        let paid = Self::taken(plan, Standing::Active { until_us });
        Ok(Self { had_trial: self.had_trial, ..paid })
    }

    fn fail_payment(self, now_us: i64) -> Result<Self, Refusal> {
        match self.standing {
            Standing::Trial { .. } | Standing::Active { .. } => {
                let until_us = now_us.saturating_add(self.grace_us);
                Ok(Self { standing: Standing::Grace { until_us }, ..self }.at(now_us))
            }
            // Told twice: the first one counts.
            Standing::Grace { .. } => Ok(self),
            Standing::Cancelled { .. } => Err(Refusal::Cancelled),
            Standing::Free => Err(Refusal::NotSubscribed),
        }
    }

    fn cancel(self) -> Result<Self, Refusal> {
        let standing = match self.standing {
            Standing::Trial { until_us } => Standing::Cancelled { until_us, was_trial: true },
            Standing::Active { until_us } => Standing::Cancelled { until_us, was_trial: false },
            // Nothing that was paid is left.
            Standing::Grace { .. } => Standing::Free,
            Standing::Cancelled { .. } => return Err(Refusal::Cancelled),
            Standing::Free => return Err(Refusal::NotSubscribed),
        };
        Ok(Self { standing, ..self })
    }

    fn resume(self) -> Result<Self, Refusal> {
        let standing = match self.standing {
            Standing::Cancelled { until_us, was_trial: true } => Standing::Trial { until_us },
            Standing::Cancelled { until_us, was_trial: false } => Standing::Active { until_us },
            Standing::Free => return Err(Refusal::NotSubscribed),
            _ => return Err(Refusal::NotCancelled),
        };
        Ok(Self { standing, ..self })
    }

    fn taken(plan: &Plan, standing: Standing) -> Self {
        Self {
            plan: Some(plan.id.clone()),
            standing,
            grace_us: i64::from(plan.grace_days) * DAY_US,
            had_trial: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use Refusal::{Cancelled, NotCancelled, NotSubscribed, Subscribed};

    use super::*;

    const NOW: i64 = 1_000 * DAY_US;
    const UNTIL: i64 = NOW + 30 * DAY_US;

    fn plan() -> Plan {
        Plan {
            id: "individual".into(),
            name: "Individual".into(),
            n_members: 1,
            is_for_students: false,
            trial_days: 30,
            grace_days: 7,
        }
    }

    fn in_state(standing: Standing) -> Subscription {
        Subscription { standing, ..Subscription::taken(&plan(), Standing::Free) }
    }

    /// Every state against every change: what comes of it.
    #[test]
    fn every_transition() {
        let free = Standing::Free;
        let trial = Standing::Trial { until_us: UNTIL };
        let active = Standing::Active { until_us: UNTIL };
        let grace = Standing::Grace { until_us: UNTIL };
        let left = |was_trial| Standing::Cancelled { until_us: UNTIL, was_trial };
        let due = Standing::Grace { until_us: NOW + 7 * DAY_US };

        let start = Change::StartTrial(plan());
        let later = UNTIL + 30 * DAY_US;
        let paid = Change::Paid { plan: plan(), until_us: later };
        let next = Standing::Active { until_us: later };
        let (failed, cancel) = (Change::PaymentFailed, Change::Cancel);
        let (resume, revoke) = (Change::Resume, Change::Revoke);

        let table = [
            (free, &start, Ok(trial)),
            (free, &paid, Ok(next)),
            (free, &failed, Err(NotSubscribed)),
            (free, &cancel, Err(NotSubscribed)),
            (free, &resume, Err(NotSubscribed)),
            (free, &revoke, Err(NotSubscribed)),
            (trial, &start, Err(Subscribed)),
            (trial, &paid, Ok(next)),
            (trial, &failed, Ok(due)),
            (trial, &cancel, Ok(left(true))),
            (trial, &resume, Err(NotCancelled)),
            (trial, &revoke, Ok(free)),
            (active, &start, Err(Subscribed)),
            (active, &paid, Ok(next)),
            (active, &failed, Ok(due)),
            (active, &cancel, Ok(left(false))),
            (active, &resume, Err(NotCancelled)),
            (active, &revoke, Ok(free)),
            (grace, &start, Err(Subscribed)),
            (grace, &paid, Ok(next)),
            (grace, &failed, Ok(grace)),
            (grace, &cancel, Ok(free)),
            (grace, &resume, Err(NotCancelled)),
            (grace, &revoke, Ok(free)),
            (left(true), &start, Err(Subscribed)),
            (left(true), &paid, Ok(next)),
            (left(true), &failed, Err(Cancelled)),
            (left(true), &cancel, Err(Cancelled)),
            (left(true), &resume, Ok(trial)),
            (left(true), &revoke, Ok(free)),
            (left(false), &start, Err(Subscribed)),
            (left(false), &paid, Ok(next)),
            (left(false), &failed, Err(Cancelled)),
            (left(false), &cancel, Err(Cancelled)),
            (left(false), &resume, Ok(active)),
            (left(false), &revoke, Ok(free)),
        ];
        for (before, change, wanted) in table {
            let after = in_state(before).after(change, NOW);
            assert_eq!(after.map(|after| after.standing), wanted, "{before:?}, {change:?}");
        }
    }

    #[test]
    fn time_alone_ends_what_is_not_paid() {
        let at = |standing, now_us| in_state(standing).at(now_us).standing;
        let week = 7 * DAY_US;
        for standing in [
            Standing::Trial { until_us: UNTIL },
            Standing::Grace { until_us: UNTIL },
            Standing::Cancelled { until_us: UNTIL, was_trial: false },
        ] {
            assert_eq!(at(standing, UNTIL - 1), standing);
            assert_eq!(at(standing, UNTIL), Standing::Free);
        }
        let active = Standing::Active { until_us: UNTIL };
        assert_eq!(at(active, UNTIL - 1), active);
        assert_eq!(at(active, UNTIL), Standing::Grace { until_us: UNTIL + week });
        assert_eq!(at(active, UNTIL + week), Standing::Free, "slept through both ends");
        assert_eq!(at(Standing::Free, UNTIL), Standing::Free);
    }

    #[test]
    fn a_trial_is_had_once() {
        let trial = Subscription::default().after(&Change::StartTrial(plan()), NOW).unwrap();
        let over = trial.at(UNTIL);
        assert_eq!((over.standing, over.tier()), (Standing::Free, Tier::Free));
        assert_eq!(over.after(&Change::StartTrial(plan()), UNTIL), Err(Refusal::TrialUsed));
        let without = Plan { trial_days: 0, ..plan() };
        let refused = Subscription::default().after(&Change::StartTrial(without), NOW);
        assert_eq!(refused, Err(Refusal::NoTrial));
    }

    #[test]
    fn paying_keeps_that_the_trial_was_had() {
        let trial = Subscription::default().after(&Change::StartTrial(plan()), NOW).unwrap();
        let paid = Change::Paid { plan: plan(), until_us: UNTIL };
        assert!(trial.after(&paid, NOW).unwrap().had_trial);
        assert_eq!(Subscription::default().after(&paid, UNTIL), Err(Refusal::Past));
    }

    #[test]
    fn without_grace_a_failed_payment_ends_it() {
        let strict = Plan { grace_days: 0, ..plan() };
        let paid = Change::Paid { plan: strict, until_us: UNTIL };
        let active = Subscription::default().after(&paid, NOW).unwrap();
        let failed = active.clone().after(&Change::PaymentFailed, NOW).unwrap();
        assert_eq!(failed.standing, Standing::Free);
        assert_eq!(active.at(UNTIL).standing, Standing::Free);
    }

    #[test]
    fn premium_gives_more_of_everything() {
        let (free, premium) = (Tier::Free.entitlements(), Tier::Premium.entitlements());
        assert!(free.has_ads && !premium.has_ads);
        assert_eq!(free.skips, Some(SkipAllowance { n_skips: 6, window_minutes: 60 }));
        assert_eq!(premium.skips, None);
        assert!(premium.top_quality > free.top_quality);
        assert_eq!((free.n_offline_devices, premium.n_offline_devices), (0, 5));
    }
}
