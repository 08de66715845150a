//! Roles: who holds which, and giving and taking them. For owners.

use ::ipc::{Fault, RoleGrant, RoleHolder, RoleHolders, RoleList, RoleRevoke};
use domain::Role;
use leptos::{ev, prelude::*, task::spawn_local};

use crate::{
    icons::Glyph,
    ipc::invoke,
    overlay::Overlays,
    parts::{
        form::{FormFault, SelectField, TextField, reason_trouble},
        segments::Segments,
        states::{EmptyState, row_skeletons},
    },
    remote::{ask, show},
};

/// A role's name for people.
pub const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Listener => "Listener",
        Role::Creator => "Creator",
        Role::Advertiser => "Advertiser",
        Role::Engineer => "Engineer",
        Role::ComplianceOfficer => "Compliance officer",
        Role::Owner => "Owner",
    }
}

/// What a role is for, in a few words.
const fn role_purpose(role: Role) -> &'static str {
    match role {
        Role::Listener => "listens",
        Role::Creator => "publishes music",
        Role::Advertiser => "runs campaigns",
        Role::Engineer => "keeps the service up",
        Role::ComplianceOfficer => "serves the rights of persons, reads the audit log",
        Role::Owner => "runs the service",
    }
}

/// Holders of roles, and the form that changes them.
#[component]
pub fn Roles() -> impl IntoView {
    let source = ask(|| RoleList {});
    let is_changed = Callback::new(move |()| source.retry());
    view! {
        <section class="settings-group" aria-labelledby="settings-roles">
            <h2 id="settings-roles">"Who holds a role"</h2>
            {show(source, || row_skeletons(3), |list| view! { <Holders list=list/> }.into_any())}
        </section>
        <ChangeForm on_done=is_changed/>
    }
}

#[component]
fn Holders(list: RoleHolders) -> impl IntoView {
    if list.holders.is_empty() {
        return view! {
            <EmptyState icon=Glyph::User title="Nobody holds a role yet">
                <p>"Give one below."</p>
            </EmptyState>
        }
        .into_any();
    }
    let rows = list.holders.into_iter().map(|holder| view! { <Holder holder=holder/> });
    view! {
        <ul>{rows.collect_view()}</ul>
        {list.is_cut.then(|| view! { <p class="muted">"There are more than are shown here."</p> })}
    }
    .into_any()
}

#[component]
fn Holder(holder: RoleHolder) -> impl IntoView {
    let badges = holder
        .roles
        .into_iter()
        .filter(|role| *role != Role::Listener)
        .map(|role| view! { <span class="badge">{role_name(role)}</span> })
        .collect_view();
    view! {
        <li class="setting">
            <p class="setting-name">{holder.display_name}</p>
            <div class="badges">{badges}</div>
        </li>
    }
}

/// What is wrong with the form, by field.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Troubles {
    email: Option<String>,
    reason: Option<String>,
}

impl Troubles {
    fn of(email: &str, reason: &str) -> Self {
        let email = (!email.contains('@')).then(|| "Enter the address they sign in with.".into());
        // One message at a time, since each brings the focus to its field.
        Self { reason: reason_trouble(reason).filter(|_| email.is_none()), email }
    }
}

#[component]
fn ChangeForm(on_done: Callback<()>) -> impl IntoView {
    let overlays = expect_context::<Overlays>();
    let is_granting = RwSignal::new(true);
    let [email, reason] = [(); 2].map(|()| RwSignal::new(String::new()));
    let role = RwSignal::new(Role::Creator.name().to_owned());
    let troubles = RwSignal::new(Troubles::default());
    let fault = RwSignal::new(None::<Fault>);
    let is_busy = RwSignal::new(false);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let Ok(role) = role.with_untracked(|name| name.parse::<Role>()) else { return };
        let [to, why] = [email, reason].map(|text| text.get_untracked().trim().to_owned());
        fault.set(None);
        let found = Troubles::of(&to, &why);
        troubles.set(found.clone());
        if found != Troubles::default() || is_busy.get_untracked() {
            return;
        }
        is_busy.set(true);
        let is_grant = is_granting.get_untracked();
        spawn_local(async move {
            let changed = if is_grant {
                invoke(RoleGrant { email: to, role, reason: why }).await
            } else {
                invoke(RoleRevoke { email: to, role, reason: why }).await
            };
            match changed {
                Ok(holder) => {
                    overlays.say(said(&holder, role, is_grant));
                    email.try_set(String::new());
                    reason.try_set(String::new());
                    on_done.try_run(());
                }
                Err(why) => {
                    fault.try_set(Some(why));
                }
            }
            is_busy.try_set(false);
        });
    };
    let roles = Role::ALL.into_iter().filter(|role| *role != Role::Listener).map(|role| {
        (role.name().to_owned(), format!("{}: {}", role_name(role), role_purpose(role)))
    });
    view! {
        <section class="settings-group" aria-labelledby="settings-role-change">
            <h2 id="settings-role-change">"Give or take a role"</h2>
            <form class="form" novalidate on:submit=submit>
                <Segments
                    label="What to do"
                    name="change"
                    options=vec![(true, "Give"), (false, "Take away")]
                    value=is_granting
                    on_change=Callback::new(move |value| is_granting.set(value))
                />
                <TextField
                    label="Email"
                    name="role_email"
                    kind="email"
                    value=email
                    trouble=Signal::derive(move || troubles.with(|t| t.email.clone()))
                    hint="Of an account on this server, exactly as it signs in."
                />
                <SelectField label="Role" name="role" options=roles.collect() value=role/>
                <TextField
                    label="Reason"
                    name="role_reason"
                    value=reason
                    trouble=Signal::derive(move || troubles.with(|t| t.reason.clone()))
                    hint="It stays in the audit log for good: no names or addresses."
                />
                <FormFault fault=fault/>
                <div class="form-actions">
                    <button
                        type="submit"
                        class="button primary"
                        aria-busy=move || is_busy.get().to_string()
                    >
                        {move || if is_granting.get() { "Give role" } else { "Take role away" }}
                    </button>
                </div>
            </form>
        </section>
    }
}

fn said(holder: &RoleHolder, role: Role, is_granted: bool) -> String {
    let (name, role) = (&holder.display_name, role_name(role));
    if is_granted {
        format!("{name} is now: {role}")
    } else {
        format!("{name} is no longer: {role}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn troubles_come_one_at_a_time() {
        let both = Troubles::of("ann", "");
        assert!(both.email.is_some() && both.reason.is_none());
        assert!(Troubles::of("ann@example.org", "").reason.is_some());
        assert_eq!(Troubles::of("ann@example.org", "Joins the team"), Troubles::default());
    }
}
