//! Passkeys: adding and removing them.

use std::time::Duration;

use ::ipc::{Passkey, PasskeyAdd, PasskeyDelete};
use leptos::prelude::*;

use crate::{
    dates::{date, since},
    focus::rescue_focus,
    icons::{Glyph, Icon},
    overlay::Overlays,
    parts::{confirm::ConfirmButton, form::FormFault, states::row_skeletons, step_up::Sending},
    remote::{Remote, Source, show},
};

/// Between two looks at whether the passkey is made.
const LOOK_STEP: Duration = Duration::from_secs(3);

/// As long as the page on which one is made can be used: ten minutes.
const LOOKS_MAX: u32 = 200;

/// The passkeys of the account, and the way to another.
#[component]
pub fn Passkeys(source: Source<Vec<Passkey>>) -> impl IntoView {
    let overlays = expect_context::<Overlays>();
    let sending = Sending::new();
    // How many there were when the page was opened on which one is made.
    let awaiting = RwSignal::new(None::<usize>);
    watch(source, awaiting);
    let n_now = move || source.answer.with(n_in);
    Effect::new(move |was: Option<()>| {
        let n_now = n_now();
        if awaiting.get_untracked().is_some_and(|n_before| n_now > n_before) {
            awaiting.set(None);
            overlays.say("Passkey added");
        }
        // The row that had the focus may be gone.
        if was.is_some() {
            rescue_focus(None);
        }
    });
    let remove = Callback::new(move |passkey: Passkey| {
        sending.send(PasskeyDelete { id: passkey.id }, move |()| {
            overlays.say(format!("Passkey “{}” removed", passkey.name));
            source.retry();
        });
    });
    let add = move |_| {
        let n_before = source.answer.with_untracked(n_in);
        sending.send(PasskeyAdd {}, move |()| awaiting.set(Some(n_before)));
    };
    view! {
        {show(source, || row_skeletons(1), move |passkeys| {
            view! { <List passkeys=passkeys remove=remove/> }.into_any()
        })}
        <div class="setting">
            <div>
                <p class="setting-name">
                    {move || if n_now() == 0 { "Passkey" } else { "Another passkey" }}
                </p>
                <p class="muted" role="status">{move || about(awaiting.get().is_some())}</p>
            </div>
            <button
                type="button"
                class="button"
                aria-busy=move || sending.is_busy.get().to_string()
                on:click=add
            >
                {move || if sending.is_busy.get() { "One moment…" } else { "Add a passkey" }}
            </button>
        </div>
        <FormFault fault=sending.fault/>
    }
}

#[component]
fn List(passkeys: Vec<Passkey>, remove: Callback<Passkey>) -> impl IntoView {
    let rows = passkeys
        .into_iter()
        .map(|passkey| view! { <Row passkey=passkey remove=remove/> })
        .collect_view();
    view! { <ul>{rows}</ul> }
}

#[component]
fn Row(passkey: Passkey, remove: Callback<Passkey>) -> impl IntoView {
    let name = passkey.name.clone();
    let used = passkey.used_at_us.map_or_else(
        || "never used".to_owned(),
        |used_at_us| format!("last used {}", since(used_at_us)),
    );
    let about = format!("Passkey · made on {} · {used}", date(passkey.created_at_us));
    view! {
        <li class="setting">
            <div class="device">
                <Icon icon=Glyph::Key/>
                <div>
                    <p class="setting-name">{name.clone()}</p>
                    <p class="muted">{about}</p>
                </div>
            </div>
            <ConfirmButton
                label="Remove"
                name=format!("Remove passkey {name}")
                question=format!("Sign in with “{name}” no longer?")
                on_confirm=Callback::new(move |()| remove.run(passkey.clone()))
            />
        </li>
    }
}

/// How many there are, as far as that is known.
fn n_in(answer: &Remote<Vec<Passkey>>) -> usize {
    match answer {
        Remote::Ready(list) => list.len(),
        _ => 0,
    }
}

const fn about(is_awaiting: bool) -> &'static str {
    if is_awaiting {
        "Make it in the browser window that has opened; it appears here then."
    } else {
        "Your fingerprint, face or device PIN in place of a password. It is made in your browser."
    }
}

/// The browser tells nobody here that it is done: the list is looked at until it has grown.
fn watch(source: Source<Vec<Passkey>>, awaiting: RwSignal<Option<usize>>) {
    Effect::new(move |_| {
        if awaiting.get().is_none() {
            return;
        }
        let n_looks = StoredValue::new(0_u32);
        let look = move || {
            n_looks.update_value(|n| *n += 1);
            if n_looks.get_value() >= LOOKS_MAX {
                awaiting.set(None);
            } else {
                source.retry();
            }
        };
        if let Ok(timer) = set_interval_with_handle(look, LOOK_STEP) {
            on_cleanup(move || timer.clear());
        }
    });
}
