//! Settings: of this device, of the account, and what some roles may do.

use domain::Permission;
use leptos::prelude::*;

use crate::{
    route::{Link, Route, Section},
    state::state,
};

mod account;
mod app;
mod devices;
mod plan;
mod privacy;
mod roles;
mod shortcuts;

pub use privacy::service_name;

/// The settings page.
#[component]
pub fn SettingsPage(section: Section) -> impl IntoView {
    let content = match section {
        Section::App => view! { <app::AppSettings/> }.into_any(),
        Section::Account => view! { <account::AccountSettings/> }.into_any(),
        Section::Devices => view! { <devices::Devices/> }.into_any(),
        Section::Plan => view! { <plan::PlanSettings/> }.into_any(),
        Section::Privacy => view! { <privacy::PrivacySettings/> }.into_any(),
        Section::Roles => view! { <roles::Roles/> }.into_any(),
    };
    view! {
        <div class="page settings">
            <h1>"Settings"</h1>
            <Sections/>
            {content}
        </div>
    }
}

/// The ways between the sections; those of a role for whoever has it.
#[component]
fn Sections() -> impl IntoView {
    let state = state();
    let link = |to: Section, name: &'static str| {
        view! { <Link to=Route::Settings(to) class="chip">{name}</Link> }
    };
    let may_grant = Memo::new(move |_| state.may(Permission::GrantRoles));
    view! {
        <nav class="chips settings-nav" aria-label="Settings">
            {link(Section::App, "This app")}
            {link(Section::Account, "Account")}
            {link(Section::Devices, "Devices")}
            {link(Section::Plan, "Plan")}
            {link(Section::Privacy, "Privacy")}
            {move || may_grant.get().then(|| link(Section::Roles, "Roles"))}
        </nav>
    }
}
