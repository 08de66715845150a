//! The plan: where the account stands, what else there is, and the way there.

use ::ipc::{Fault, PlanAction, PlanChange, PlanGet, PlanView};
use domain::plan::{Plan, Standing};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    dates::date,
    focus::rescue_focus,
    format::count,
    ipc::invoke,
    parts::{confirm::ConfirmButton, form::FormFault, states::row_skeletons},
    remote::{Remote, ask, show},
};

mod comparison;

use comparison::Comparison;

/// Standing, comparison, and plans on offer.
#[component]
pub fn PlanSettings() -> impl IntoView {
    let source = ask(|| PlanGet {});
    let fault = RwSignal::new(None::<Fault>);
    // The button that had the focus may be gone.
    Effect::new(move |_| {
        source.answer.track();
        rescue_focus(None);
    });
    let change = Callback::new(move |action: PlanAction| {
        fault.set(None);
        spawn_local(async move {
            match invoke(PlanChange { action }).await {
                Ok(view) => drop(source.answer.try_set(Remote::Ready(view))),
                Err(why) => drop(fault.try_set(Some(why))),
            }
        });
    });
    show(source, skeleton, move |plan| {
        view! { <Full plan=plan change=change fault=fault/> }.into_any()
    })
}

fn skeleton() -> AnyView {
    view! {
        <section class="settings-group">
            <h2>"Your plan"</h2>
            {row_skeletons(2)}
        </section>
    }
    .into_any()
}

#[component]
fn Full(
    plan: PlanView,
    change: Callback<PlanAction>,
    fault: RwSignal<Option<Fault>>,
) -> impl IntoView {
    let PlanView { tier, standing, plan: running, is_trial_left, tiers, plans } = plan;
    let name = plans.iter().find(|plan| Some(&plan.id) == running.as_ref());
    let title = title(standing, name.map(|plan| plan.name.as_str()));
    let words = words(standing, is_trial_left, date);
    let can_try = standing == Standing::Free && is_trial_left;
    let is_running = {
        let running = running.filter(|_| standing != Standing::Free);
        move |plan: &Plan| running.as_ref() == Some(&plan.id)
    };
    view! {
        <section class="settings-group" aria-labelledby="settings-plan">
            <h2 id="settings-plan">"Your plan"</h2>
            <div class="plan-card">
                <div>
                    <p class="plan-name">{title}</p>
                    <p class="muted">{words}</p>
                </div>
                <Way standing=standing change=change/>
            </div>
            <FormFault fault=fault/>
        </section>
        <section class="settings-group" aria-labelledby="settings-tiers">
            <h2 id="settings-tiers">"Free and Premium"</h2>
            <Comparison tiers=tiers current=tier/>
        </section>
        <section class="settings-group" aria-labelledby="settings-offers">
            <h2 id="settings-offers">"Plans with Premium"</h2>
            <p class="muted">
                "This server takes no payment. A trial ends by itself; whoever runs the server can give you Premium for longer."
            </p>
            <ul class="plans">
                {plans.into_iter().map(|plan| {
                    let is_running = is_running(&plan);
                    view! { <Offer plan=plan is_running=is_running can_try=can_try change=change/> }
                }).collect_view()}
            </ul>
        </section>
    }
}

/// What can be done from here.
#[component]
fn Way(standing: Standing, change: Callback<PlanAction>) -> impl IntoView {
    let question = match standing {
        Standing::Free => return ().into_any(),
        Standing::Cancelled { .. } => {
            return view! {
                <button class="button primary" on:click=move |_| change.run(PlanAction::Resume)>
                    "Resume"
                </button>
            }
            .into_any();
        }
        Standing::Trial { until_us } | Standing::Active { until_us } => {
            format!("Cancel? You keep Premium until {}.", date(until_us))
        }
        Standing::Grace { .. } => "Cancel? Premium ends at once.".into(),
    };
    view! {
        <ConfirmButton
            label="Cancel plan"
            name="Cancel plan"
            question=question
            on_confirm=Callback::new(move |()| change.run(PlanAction::Cancel))
        />
    }
    .into_any()
}

#[component]
fn Offer(
    plan: Plan,
    /// It is the account's own.
    is_running: bool,
    can_try: bool,
    change: Callback<PlanAction>,
) -> impl IntoView {
    let Plan { id, name, n_members, is_for_students, trial_days, .. } = plan;
    let who = match (n_members, is_for_students) {
        (1, false) => "For one person".to_owned(),
        (1, true) => "For a student".to_owned(),
        (n, false) => format!("For up to {n} people"),
        (n, true) => format!("For up to {n} students"),
    };
    let days = count(u64::from(trial_days), "day");
    let label = format!("Try {name} for {days}");
    let trial = (can_try && trial_days > 0).then(|| {
        view! {
            <button
                class="button"
                aria-label=label
                on:click=move |_| change.run(PlanAction::StartTrial { plan: id.clone() })
            >
                {format!("Try {days}")}
            </button>
        }
    });
    view! {
        <li class="plan">
            <div>
                <p class="setting-name">
                    {name}
                    {is_running.then(|| view! { <span class="badge here">"Yours"</span> })}
                </p>
                <p class="muted">{who}</p>
            </div>
            {trial}
        </li>
    }
}

fn title(standing: Standing, plan: Option<&str>) -> String {
    let kind = match standing {
        Standing::Free => return "Free".into(),
        Standing::Trial { .. } => "Premium trial",
        Standing::Active { .. } | Standing::Grace { .. } => "Premium",
        Standing::Cancelled { .. } => "Premium, cancelled",
    };
    plan.map_or_else(|| kind.to_owned(), |plan| format!("{kind} · {plan}"))
}

/// Where one stands, in a sentence or two.
fn words(standing: Standing, is_trial_left: bool, date: impl Fn(i64) -> String) -> String {
    match standing {
        Standing::Free if is_trial_left => {
            "You can try Premium once, without paying. Choose a plan below.".into()
        }
        Standing::Free => "You have used your trial.".into(),
        Standing::Trial { until_us } => {
            format!("Until {}. After that you are on Free again.", date(until_us))
        }
        Standing::Active { until_us } => format!("Paid until {}.", date(until_us)),
        Standing::Grace { until_us } => {
            format!("The last payment did not come. Premium goes on until {}.", date(until_us))
        }
        Standing::Cancelled { until_us, .. } => {
            format!("You keep Premium until {}. After that you are on Free.", date(until_us))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standing_is_said_with_its_date() {
        let words = |standing| words(standing, false, |_| "3 May 2027".into());
        let until_us = 1;
        assert_eq!(words(Standing::Free), "You have used your trial.");
        assert_eq!(words(Standing::Active { until_us }), "Paid until 3 May 2027.");
        for standing in [
            Standing::Trial { until_us },
            Standing::Grace { until_us },
            Standing::Cancelled { until_us, was_trial: true },
        ] {
            assert!(
                words(standing).contains("until 3 May 2027")
                    || words(standing).starts_with("Until 3 May 2027")
            );
        }
    }

    #[test]
    fn title_names_what_runs() {
        assert_eq!(title(Standing::Free, Some("Family")), "Free");
        assert_eq!(
            title(Standing::Trial { until_us: 1 }, Some("Family")),
            "Premium trial · Family"
        );
        assert_eq!(title(Standing::Active { until_us: 1 }, None), "Premium");
    }
}
