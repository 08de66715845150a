//! All cases, and opening one.

use ::ipc::{Case, CaseCreate, CaseKind, CaseList, CasePage};
use leptos::{ev, prelude::*, task::spawn_local};

use super::{
    audit::short,
    badges::Badges,
    deadline::Deadline,
    words::{KINDS, kind_name},
};
use crate::{
    dates::date,
    icons::Glyph,
    ipc::invoke,
    parts::{
        form::{FormFault, SelectField, Submit, TextField, reason_trouble},
        more::LoadMore,
        states::{EmptyState, row_skeletons},
        step_up::Sending,
    },
    remote::{ask, show},
    route::{Desk, Link, Route, Router},
    state::state,
};

/// Open cases by deadline, then those that ended, and the form for a new one.
#[component]
pub fn Cases() -> impl IntoView {
    let source = ask(|| CaseList { cursor: None });
    let is_adding = RwSignal::new(false);
    view! {
        <section class="settings-group" aria-labelledby="compliance-cases">
            <div class="section-head">
                <h2 id="compliance-cases">"Cases"</h2>
                <Show when=move || !is_adding.get()>
                    <button type="button" class="button" on:click=move |_| is_adding.set(true)>
                        "New case"
                    </button>
                </Show>
            </div>
            <Show when=move || is_adding.get()>
                <NewCase is_adding=is_adding/>
            </Show>
            {show(source, || row_skeletons(6), |page| view! { <Table page=page/> }.into_any())}
        </section>
    }
}

/// A table that grows on demand.
#[component]
fn Table(page: CasePage) -> impl IntoView {
    let state = state();
    let is_empty = page.items.is_empty();
    let cases = RwSignal::new(page.items);
    let next = RwSignal::new(page.next_cursor);
    let is_busy = RwSignal::new(false);
    let more = Callback::new(move |()| {
        let Some(cursor) = next.get_untracked().filter(|_| !is_busy.get_untracked()) else {
            return;
        };
        is_busy.set(true);
        spawn_local(async move {
            match invoke(CaseList { cursor: Some(cursor) }).await {
                Ok(page) => {
                    cases.try_update(|cases| join(cases, page.items));
                    next.try_set(page.next_cursor);
                }
                Err(fault) => state.fail(fault),
            }
            is_busy.try_set(false);
        });
    });
    if is_empty {
        return view! {
            <EmptyState icon=Glyph::ShieldCheck title="No cases yet">
                <p>"When somebody asks for their data, to have it put right or erased, open a case here."</p>
            </EmptyState>
        }
        .into_any();
    }
    view! {
        <table class="records" role="table" aria-label="Cases, open ones by deadline first">
            <thead role="rowgroup">
                <tr role="row">
                    <th role="columnheader" scope="col">"Case"</th>
                    <th role="columnheader" scope="col">"Deadline"</th>
                    <th role="columnheader" scope="col">"State"</th>
                    <th role="columnheader" scope="col">"Person"</th>
                    <th role="columnheader" scope="col">"Opened"</th>
                </tr>
            </thead>
            <tbody role="rowgroup">
                <For
                    each=move || cases.get()
                    key=|case| (case.id, case.due_at_us, case.closed_at_us)
                    let:case
                >
                    <Row case=case/>
                </For>
            </tbody>
        </table>
        <Show when=move || next.with(Option::is_some)>
            <LoadMore is_busy=is_busy on_more=more/>
        </Show>
    }
    .into_any()
}

/// A case that changed since the page before comes again, as it is now.
fn join(shown: &mut Vec<Case>, more: Vec<Case>) {
    shown.retain(|case| more.iter().all(|other| other.id != case.id));
    shown.extend(more);
}

#[component]
fn Row(case: Case) -> impl IntoView {
    let Case { id, kind, subject, opened_at_us, .. } = case;
    let whole = format!("account:{subject}");
    view! {
        <tr role="row">
            <td role="cell">
                <Link to=Route::Compliance(Desk::Case(id)) class="case-link">{kind_name(kind)}</Link>
            </td>
            <td role="cell"><Deadline case=case.clone()/></td>
            <td role="cell">
                <span class="badges">
                    <Badges case=case.clone()/>
                </span>
            </td>
            <td role="cell" data-label="about">
                <span class="token" title=whole.clone()>{short(&whole)}</span>
            </td>
            <td role="cell" class="stamp" data-label="opened">{date(opened_at_us)}</td>
        </tr>
    }
}

/// What is wrong with the form; one message at a time, since each brings the focus to its field.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Troubles {
    email: Option<String>,
    reason: Option<String>,
}

impl Troubles {
    fn of(email: &str, reason: &str) -> Self {
        let email = (!email.contains('@'))
            .then(|| "Enter the exact address of the person; there is no other search.".into());
        Self { reason: reason_trouble(reason).filter(|_| email.is_none()), email }
    }
}

#[component]
fn NewCase(is_adding: RwSignal<bool>) -> impl IntoView {
    let router = expect_context::<Router>();
    let sending = Sending::new();
    let [email, reason] = [(); 2].map(|()| RwSignal::new(String::new()));
    let kind = RwSignal::new(kind_name(CaseKind::Access).to_owned());
    let troubles = RwSignal::new(Troubles::default());
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let [email, reason] = [email, reason].map(|text| text.get_untracked().trim().to_owned());
        let found = Troubles::of(&email, &reason);
        troubles.set(found.clone());
        let chosen = kind.with_untracked(|name| KINDS.into_iter().find(|k| kind_name(*k) == name));
        let Some(kind) = chosen.filter(|_| found == Troubles::default()) else { return };
        sending.send(CaseCreate { kind, email, reason }, move |case| {
            router.go(Route::Compliance(Desk::Case(case.id)));
        });
    };
    let kinds = KINDS.map(|kind| (kind_name(kind).to_owned(), kind_about(kind).to_owned()));
    view! {
        <form class="form" novalidate aria-label="New case" on:submit=submit>
            <SelectField label="What the person wants" name="case_kind" options=kinds.into() value=kind/>
            <TextField
                label="Email"
                name="case_email"
                kind="email"
                value=email
                trouble=Signal::derive(move || troubles.with(|t| t.email.clone()))
                hint="Of the account, exactly as it signs in."
                takes_focus=true
            />
            <TextField
                label="Reason"
                name="case_reason"
                value=reason
                trouble=Signal::derive(move || troubles.with(|t| t.reason.clone()))
                hint="It stays in the audit log for good: no names or addresses."
            />
            <FormFault fault=sending.fault/>
            <div class="form-actions">
                <Submit label="Open case" is_busy=sending.is_busy/>
                <button type="button" class="button" on:click=move |_| is_adding.set(false)>
                    "Not now"
                </button>
            </div>
        </form>
    }
}

const fn kind_about(kind: CaseKind) -> &'static str {
    match kind {
        CaseKind::Access => "Access: to know and have their data",
        CaseKind::Erasure => "Erasure: to have it erased",
        CaseKind::Rectification => "Rectification: to have it put right",
    }
}

#[cfg(test)]
mod tests {
    use ::ipc::CaseState;
    use domain::{AccountId, CaseId};

    use super::*;

    #[test]
    fn a_case_that_comes_again_stands_once_where_it_is_now() {
        let case = |n: u8, state| Case {
            id: CaseId::new(1, [n; 10]),
            kind: CaseKind::Access,
            state,
            subject: AccountId::new(1, [0; 10]),
            opened_at_us: 1,
            due_at_us: 2,
            is_extended: false,
            closed_at_us: None,
            is_held: false,
            is_restricted: false,
            export: None,
            erasure: None,
        };
        let mut shown = vec![case(1, CaseState::Open), case(2, CaseState::Open)];
        join(&mut shown, vec![case(3, CaseState::Open), case(1, CaseState::Done)]);
        let expected =
            [case(2, CaseState::Open), case(3, CaseState::Open), case(1, CaseState::Done)];
        assert_eq!(shown, expected);
    }

    #[test]
    fn troubles_come_one_at_a_time() {
        let both = Troubles::of("ann", "");
        assert!(both.email.is_some() && both.reason.is_none());
        assert!(Troubles::of("ann@example.org", "").reason.is_some());
        assert_eq!(Troubles::of("ann@example.org", "Asked by letter"), Troubles::default());
    }
}
