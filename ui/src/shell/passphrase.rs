//! The passphrase of the sealed file that keeps the sign-in where there is no keyring.

use ::ipc::{SecretsState, SecretsUnlock};
use leptos::{ev, prelude::*, task::spawn_local};

use super::dialog::DialogBox;
use crate::{ipc::invoke, overlay::Overlays, state::state};

/// Asks for the passphrase, or for a new one where none was chosen.
#[component]
pub fn PassphraseDialog() -> impl IntoView {
    let overlays = expect_context::<Overlays>();
    let state = state();
    let is_locked = state.session.with_untracked(|session| {
        session.as_ref().is_some_and(|session| session.secrets == SecretsState::Locked)
    });
    let (title, explanation, action) = if is_locked {
        (
            "Unlock your sign-in",
            "This computer has no keyring, so your sign-in is kept in a file sealed by a \
             passphrase. Enter it to go on where you left off.",
            "Unlock",
        )
    } else {
        (
            "Stay signed in on this computer",
            "This computer has no keyring. Choose a passphrase and MelodyUD keeps your sign-in \
             in a file sealed by it; without one you are signed out when the app quits.",
            "Stay signed in",
        )
    };
    let passphrase = RwSignal::new(String::new());
    let failure = RwSignal::new(None::<String>);
    let is_busy = RwSignal::new(false);
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        is_busy.set(true);
        spawn_local(async move {
            let call = SecretsUnlock { passphrase: passphrase.get_untracked() };
            match invoke(call).await {
                Ok(session) => {
                    state.on_session(session);
                    overlays.dialog.set(None);
                }
                Err(fault) => failure.set(Some(format!("{} {}", fault.message, fault.hint))),
            }
            is_busy.set(false);
        });
    };
    view! {
        <DialogBox label=title>
            <form on:submit=submit>
                <h2>{title}</h2>
                <p class="muted">{explanation}</p>
                <label class="field">
                    <span>"Passphrase"</span>
                    <input
                        type="password"
                        name="passphrase"
                        autofocus
                        autocomplete=if is_locked { "current-password" } else { "new-password" }
                        aria-invalid=move || failure.with(Option::is_some).then_some("true")
                        aria-describedby="passphrase-error"
                        on:input:target=move |event| passphrase.set(event.target().value())
                    />
                </label>
                <p class="field-error" id="passphrase-error" role="alert">{failure}</p>
                <div class="dialog-actions">
                    <button
                        type="button"
                        class="button"
                        on:click=move |_| overlays.dialog.set(None)
                    >
                        "Not now"
                    </button>
                    <button
                        class="button primary"
                        disabled=move || is_busy.get() || passphrase.with(String::is_empty)
                    >
                        {action}
                    </button>
                </div>
            </form>
        </DialogBox>
    }
}
