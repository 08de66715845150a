//! The area of compliance officers: cases, the audit log, how long things are kept.

use domain::Permission;
use leptos::prelude::*;

use crate::{
    route::{Desk, Link, Route},
    state::state,
};

mod audit;
mod badges;
mod case;
mod cases;
mod deadline;
mod retention;
mod words;

/// The area, at one of its desks.
#[component]
pub fn CompliancePage(desk: Desk) -> impl IntoView {
    let content = match desk {
        Desk::Cases => view! { <cases::Cases/> }.into_any(),
        Desk::Case(id) => view! { <case::CaseDesk id=id/> }.into_any(),
        Desk::Audit => view! { <audit::AuditLog/> }.into_any(),
        Desk::Retention => view! { <retention::RetentionRules/> }.into_any(),
    };
    view! {
        <div class="page settings wide dense">
            <h1>"Compliance"</h1>
            <Desks/>
            {content}
        </div>
    }
}

/// The ways between the desks, for whoever may sit there.
#[component]
fn Desks() -> impl IntoView {
    let state = state();
    let link = |to: Desk, name: &'static str| {
        view! { <Link to=Route::Compliance(to) class="chip">{name}</Link> }
    };
    let may_handle = Memo::new(move |_| state.may(Permission::HandleCases));
    let may_audit = Memo::new(move |_| state.may(Permission::ReadAudit));
    view! {
        <nav class="chips settings-nav" aria-label="Compliance">
            {move || may_handle.get().then(|| link(Desk::Cases, "Cases"))}
            {move || may_audit.get().then(|| link(Desk::Audit, "Audit log"))}
            {move || may_handle.get().then(|| link(Desk::Retention, "Retention"))}
        </nav>
    }
}
