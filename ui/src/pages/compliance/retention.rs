//! How long what is kept, and what the nightly run does about it.

use ::ipc::{Retention, RetentionGet, RetentionRule};
use domain::audit::RetentionClass;
use leptos::prelude::*;

use crate::{
    dates::{date, since},
    format::{span_of_days, thousands},
    icons::Glyph,
    parts::states::{EmptyState, row_skeletons},
    remote::{ask, show},
};

/// The rules, the last run and what the next one will drop.
#[component]
pub fn RetentionRules() -> impl IntoView {
    let source = ask(|| RetentionGet {});
    view! {
        <section class="settings-group" aria-labelledby="compliance-retention">
            <h2 id="compliance-retention">"How long what is kept"</h2>
            {show(source, || row_skeletons(6), |view| view! { <Full view=view/> }.into_any())}
        </section>
    }
}

#[component]
fn Full(view: Retention) -> impl IntoView {
    let Retention { rules, last_run_at_us, next_run_at_us } = view;
    let last = last_run_at_us.map_or_else(|| "Not yet".to_owned(), since);
    if rules.is_empty() {
        return view! {
            <EmptyState icon=Glyph::Clock title="No rules">
                <p>"Everything is kept until it is erased."</p>
            </EmptyState>
        }
        .into_any();
    }
    let rows = rules.into_iter().map(|rule| view! { <Row rule=rule/> }).collect_view();
    view! {
        <dl class="facts">
            <dt>"Last run"</dt>
            <dd>{last}</dd>
            <dt>"Next run"</dt>
            <dd>{date(next_run_at_us)}</dd>
        </dl>
        <table class="records" role="table" aria-label="Rules of retention">
            <thead role="rowgroup">
                <tr role="row">
                    <th role="columnheader" scope="col">"What"</th>
                    <th role="columnheader" scope="col">"Rule"</th>
                    <th role="columnheader" scope="col" class="number">"Kept for"</th>
                    <th role="columnheader" scope="col" class="number">"Dropped by the last run"</th>
                    <th role="columnheader" scope="col" class="number">"Due now"</th>
                    <th role="columnheader" scope="col" class="number">"On hold"</th>
                </tr>
            </thead>
            <tbody role="rowgroup">{rows}</tbody>
        </table>
        <p class="muted after">
            "Of audit records the content is dropped; their hashes stay, and with them every proof. What is of persons on legal hold, or of those who have their data kept and not used, stays whatever the rules say."
        </p>
    }
    .into_any()
}

#[component]
fn Row(rule: RetentionRule) -> impl IntoView {
    let RetentionRule { id, what, class, days, n_dropped, n_due, n_held } = rule;
    view! {
        <tr role="row">
            <td role="cell">
                {what}
                {class.map(|class| view! { <span class="badge">{class_name(class)}</span> })}
            </td>
            <td role="cell"><span class="token">{id}</span></td>
            <td role="cell" class="number">{span_of_days(u64::from(days))}</td>
            <td role="cell" class="number" data-label="dropped">{thousands(n_dropped)}</td>
            <td role="cell" class="number" data-label="due">{thousands(n_due)}</td>
            <td role="cell" class="number" data-label="on hold">{thousands(n_held)}</td>
        </tr>
    }
}

const fn class_name(class: RetentionClass) -> &'static str {
    match class {
        RetentionClass::Security => "Security",
        RetentionClass::Privacy => "Privacy",
        RetentionClass::Access => "Access",
    }
}
