//! Where a case stands, at a glance.

use ::ipc::{Case, CaseState};
use leptos::prelude::*;

use super::words::state_name;

/// Its state, and what holds for the data of its person.
#[component]
pub fn Badges(case: Case) -> impl IntoView {
    let is_open = case.state == CaseState::Open;
    view! {
        <span class="badge" class:here=is_open>{state_name(case.state)}</span>
        {case.is_held.then(|| view! { <span class="badge held">"On hold"</span> })}
        {case.is_restricted.then(|| view! {
            <span class="badge held" title="The person has restricted the use of their data">
                "Restricted"
            </span>
        })}
    }
}
