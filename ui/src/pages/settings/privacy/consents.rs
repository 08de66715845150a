//! What was agreed to, and whether data may be used at all.

use ::ipc::{Consent, ConsentEntry, ConsentUpdate, FaultKind, RestrictionUpdate};
use leptos::prelude::*;

use crate::{
    dates::date,
    overlay::Overlays,
    parts::{form::FormFault, step_up::Sending, switch::SwitchRow},
};

/// A switch for each purpose, and one for everything.
#[component]
pub fn Consents(
    consents: Vec<Consent>,
    is_restricted: bool,
    /// The texts may have changed: asks for them again.
    refresh: Callback<()>,
) -> impl IntoView {
    let is_empty = consents.is_empty();
    let rows = consents
        .into_iter()
        .map(|consent| view! { <Row consent=consent refresh=refresh/> })
        .collect_view();
    view! {
        <section class="settings-group" aria-labelledby="privacy-consents">
            <h2 id="privacy-consents">"What you agree to"</h2>
            {if is_empty {
                view! { <p class="muted">"There is nothing to agree to here."</p> }.into_any()
            } else {
                view! {
                    <p class="muted">"You can change your mind at any time; music plays either way."</p>
                }
                .into_any()
            }}
            {rows}
            <Restriction is_restricted=is_restricted/>
        </section>
    }
}

#[component]
fn Row(consent: Consent, refresh: Callback<()>) -> impl IntoView {
    let overlays = expect_context::<Overlays>();
    let sending = Sending::new();
    let Consent { purpose, title, text, version, .. } = consent.clone();
    let name = format!("consent_{purpose}");
    let said = title.clone();
    let now = RwSignal::new(consent);
    let change = Callback::new(move |is_given| {
        let call = ConsentUpdate { purpose: purpose.clone(), version, is_given };
        let said = said.clone();
        sending.send(call, move |consent| {
            overlays.say(if is_given {
                format!("Agreed: {said}")
            } else {
                format!("Taken back: {said}")
            });
            now.set(consent);
        });
    });
    // A text that is not the present one any more cannot be agreed to: this row goes with it.
    Effect::new(move |_| {
        if let Some(fault) = sending.fault.get().filter(|fault| fault.kind == FaultKind::Invalid) {
            overlays.fail(fault);
            refresh.run(());
        }
    });
    view! {
        <div class="consent">
            <SwitchRow
                name=name
                title=title
                about=text
                is_on=Signal::derive(move || now.with(|consent| consent.is_given))
                is_busy=sending.is_busy
                on_change=change
            />
            <FormFault fault=sending.fault/>
            <History consent=now/>
        </div>
    }
}

/// What was said so far, for whoever wants to see it.
#[component]
fn History(consent: RwSignal<Consent>) -> impl IntoView {
    let summary = move || {
        consent.with(|consent| match consent.history.len() {
            0 => format!("Version {}. You were not asked yet.", consent.version),
            _ => format!("Version {}. What you said so far", consent.version),
        })
    };
    let has_history = Memo::new(move |_| consent.with(|consent| !consent.history.is_empty()));
    move || {
        if !has_history.get() {
            return view! { <p class="muted small">{summary}</p> }.into_any();
        }
        view! {
            <details class="note">
                <summary>{summary}</summary>
                <ul class="history">
                    {move || consent.with(|consent| {
                        consent.history.iter().map(|entry| view! { <li>{entry_said(*entry)}</li> }).collect_view()
                    })}
                </ul>
            </details>
        }
        .into_any()
    }
}

fn entry_said(entry: ConsentEntry) -> String {
    let verb = if entry.is_given { "Agreed to" } else { "Did not agree to" };
    format!("{verb} version {} on {}", entry.version, date(entry.at_us))
}

#[component]
fn Restriction(is_restricted: bool) -> impl IntoView {
    let overlays = expect_context::<Overlays>();
    let sending = Sending::new();
    let now = RwSignal::new(is_restricted);
    let change = Callback::new(move |is_restricted| {
        sending.send(RestrictionUpdate { is_restricted }, move |()| {
            now.set(is_restricted);
            overlays.say(if is_restricted {
                "Your data is kept and not used"
            } else {
                "Your data is used as before"
            });
        });
    });
    view! {
        <div class="consent">
            <SwitchRow
                name="restriction"
                title="Keep my data, but do not use it"
                about="Nothing is erased, not even by its age, and nothing is worked out from what you did: no recommendations, no statistics, and what you play is not recorded. You can still sign in and listen, and you get the mails that you ask for or that your safety needs."
                is_on=now
                is_busy=sending.is_busy
                on_change=change
            />
            <FormFault fault=sending.fault/>
        </div>
    }
}
