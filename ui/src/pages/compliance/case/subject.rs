//! The person a case is about, for whoever has to know.

use ::ipc::{CaseSubjectGet, Subject, SubjectHolding};
use domain::ids::CaseId;
use leptos::prelude::*;

use crate::{
    focus::rescue_focus,
    format::thousands,
    pages::settings::service_name,
    parts::{form::FormFault, step_up::Sending},
};

/// Closed until somebody looks; looking is in the audit log.
#[component]
pub fn SubjectSection(id: CaseId) -> impl IntoView {
    let sending = Sending::new();
    let subject = RwSignal::new(None::<Subject>);
    let look = move |_| {
        sending.send(CaseSubjectGet { id }, move |seen| {
            subject.set(Some(seen));
            rescue_focus(None);
        });
    };
    view! {
        <section class="settings-group" aria-labelledby="case-subject">
            <h2 id="case-subject">"The person"</h2>
            <p class="unseen" role="status">
                {move || subject.with(Option::is_some).then_some("What is known of the person is shown.")}
            </p>
            {move || match subject.get() {
                Some(subject) => view! { <Shown subject=subject/> }.into_any(),
                None => view! {
                    <div class="setting">
                        <p class="muted">
                            "Name, address and what is held. Looking is recorded in the audit log."
                        </p>
                        <button
                            type="button"
                            class="button"
                            aria-busy=move || sending.is_busy.get().to_string()
                            on:click=look
                        >
                            {move || if sending.is_busy.get() { "One moment…" } else { "Look" }}
                        </button>
                    </div>
                }
                .into_any(),
            }}
            <FormFault fault=sending.fault/>
        </section>
    }
}

#[component]
fn Shown(subject: Subject) -> impl IntoView {
    let Subject { email, display_name, holdings, .. } = subject;
    let rows = holdings.into_iter().map(|holding| view! { <Row holding=holding/> }).collect_view();
    view! {
        <dl class="facts">
            <dt>"Name"</dt>
            <dd>{display_name}</dd>
            <dt>"Email"</dt>
            <dd>{email}</dd>
        </dl>
        <p class="muted after">
            "What is held, in the words that the person reads: “you” is whoever the case is about."
        </p>
        <table class="records" role="table" aria-label="What is held about the person">
            <thead role="rowgroup">
                <tr role="row">
                    <th role="columnheader" scope="col">"What"</th>
                    <th role="columnheader" scope="col">"Service"</th>
                    <th role="columnheader" scope="col">"List in an export"</th>
                    <th role="columnheader" scope="col" class="number">"Rows"</th>
                </tr>
            </thead>
            <tbody role="rowgroup">{rows}</tbody>
        </table>
    }
}

#[component]
fn Row(holding: SubjectHolding) -> impl IntoView {
    let SubjectHolding { service, table, what, n_rows } = holding;
    view! {
        <tr role="row">
            <td role="cell"><q>{what}</q></td>
            <td role="cell" class="muted">{service_name(&service)}</td>
            <td role="cell"><span class="token">{table}</span></td>
            <td role="cell" class="number" data-label="rows">{thousands(n_rows)}</td>
        </tr>
    }
}
