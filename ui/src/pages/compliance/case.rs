//! One case: where it stands, whom it is about, and what can be done about it.

use ::ipc::{Case, CaseGet, CaseState, Erasure, Export, ExportState};
use domain::ids::CaseId;
use leptos::prelude::*;

use super::{badges::Badges, deadline::Deadline, words::kind_name};
use crate::{
    dates::date,
    icons::{Glyph, Icon},
    parts::states::row_skeletons,
    remote::{ask, show},
    route::{Desk, Link, Route},
};

mod actions;
mod subject;

/// The page of a case.
#[component]
pub fn CaseDesk(id: CaseId) -> impl IntoView {
    let source = ask(move || CaseGet { id });
    view! {
        <p class="way-back">
            <Link to=Route::Compliance(Desk::Cases) class="text-button">
                <Icon icon=Glyph::ChevronLeft/>
                "All cases"
            </Link>
        </p>
        {show(source, || row_skeletons(5), |case| view! { <Full case=case/> }.into_any())}
    }
}

#[component]
fn Full(case: Case) -> impl IntoView {
    let id = case.id;
    let now = RwSignal::new(case);
    let is_open = Memo::new(move |_| now.with(|case| case.state == CaseState::Open));
    view! {
        <section class="settings-group" aria-labelledby="case-facts">
            <h2 id="case-facts">{move || now.with(|case| format!("{} case", kind_name(case.kind)))}</h2>
            {move || view! { <Facts case=now.get()/> }}
        </section>
        <Show
            when=move || is_open.get()
            fallback=|| view! {
                <p class="muted">"This case has ended; the person's data cannot be opened through it any more."</p>
            }
        >
            <subject::SubjectSection id=id/>
            <actions::Actions case=now/>
        </Show>
    }
}

#[component]
fn Facts(case: Case) -> impl IntoView {
    let Case { id, subject, opened_at_us, due_at_us, is_extended, .. } = case.clone();
    let due = format!("{}{}", date(due_at_us), if is_extended { ", extended" } else { "" });
    view! {
        <dl class="facts">
            <dt>"State"</dt>
            <dd class="badges">
                <Badges case=case.clone()/>
            </dd>
            <dt>"Deadline"</dt>
            <dd><Deadline case=case.clone()/></dd>
            <dt>"Due"</dt>
            <dd>{due}</dd>
            <dt>"Opened"</dt>
            <dd>{date(opened_at_us)}</dd>
            <dt>"Person"</dt>
            <dd><code>{format!("account:{subject}")}</code></dd>
            <dt>"Case"</dt>
            <dd><code>{format!("case:{id}")}</code></dd>
            {case.export.map(|export| view! { <dt>"Export"</dt><dd>{export_said(&export, date)}</dd> })}
            {case.erasure.map(|erasure| view! { <dt>"Erasure"</dt><dd>{erasure_said(&erasure, date)}</dd> })}
        </dl>
    }
}

fn export_said(export: &Export, date: impl Fn(i64) -> String) -> String {
    let asked = date(export.asked_at_us);
    match export.state {
        ExportState::Running => {
            format!("Begun on {asked}: {} of {} kinds of data", export.n_done, export.n_total)
        }
        ExportState::Ready => match export.expires_at_us {
            Some(at_us) => format!("Ready for the person until {}", date(at_us)),
            None => "Ready for the person".into(),
        },
        ExportState::Failed => format!("That of {asked} could not be made"),
        ExportState::Expired => format!("That of {asked} is gone"),
    }
}

fn erasure_said(erasure: &Erasure, date: impl Fn(i64) -> String) -> String {
    let asked = date(erasure.asked_at_us);
    if erasure.is_held {
        format!("Asked for on {asked}; waits for the end of the hold")
    } else {
        format!("Asked for on {asked}; due on {}", date(erasure.due_at_us))
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::{ErasureId, ExportId};

    use super::*;

    #[test]
    fn what_is_under_way_is_said_with_its_dates() {
        let date = |at_us| format!("day {at_us}");
        let export = Export {
            id: ExportId::new(1, [0; 10]),
            asked_at_us: 1,
            state: ExportState::Running,
            n_done: 2,
            n_total: 9,
            size_bytes: None,
            expires_at_us: None,
        };
        assert_eq!(export_said(&export, date), "Begun on day 1: 2 of 9 kinds of data");
        let erasure = Erasure {
            id: ErasureId::new(1, [0; 10]),
            asked_at_us: 1,
            due_at_us: 8,
            is_held: false,
        };
        assert_eq!(erasure_said(&erasure, date), "Asked for on day 1; due on day 8");
        let held = Erasure { is_held: true, ..erasure };
        assert!(!erasure_said(&held, date).contains("day 8"));
    }
}
