//! Showing in the browser who it is: for whoever signs in without a password.

use ::ipc::{Fault, Identity, IdentityList, PasskeyList, SignInBrowserCancel, StepUpBrowser};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    icons::{Glyph, Icon},
    ipc::invoke,
    parts::{browser::BrowserWait, form::FormFault},
    remote::{Remote, ask},
    state::state,
};

/// The ways that the account has beside its password, where it has any.
#[component]
pub fn StepUpWays(
    /// While there is something else to do.
    is_hidden: Signal<bool>,
    /// What to do in the browser, while it is open.
    waiting: RwSignal<Option<String>>,
    on_shown: Callback<()>,
) -> impl IntoView {
    let state = state();
    let (identities, passkeys) = (ask(|| IdentityList {}), ask(|| PasskeyList {}));
    let fault = RwSignal::new(None::<Fault>);
    // The dialog was closed: nobody waits for the browser any longer.
    on_cleanup(move || {
        if waiting.try_get_untracked().flatten().is_some() {
            state.send(SignInBrowserCancel {});
        }
    });
    let go = move |what: String, provider: Option<String>| {
        fault.set(None);
        waiting.set(Some(what));
        spawn_local(async move {
            let answer = invoke(StepUpBrowser { provider }).await;
            if waiting.try_set(None).is_some() {
                return;
            }
            match answer {
                Ok(true) => on_shown.run(()),
                Ok(false) => {}
                Err(why) => fault.set(Some(why)),
            }
        });
    };
    let has_passkey = move || {
        passkeys.answer.with(|answer| matches!(answer, Remote::Ready(list) if !list.is_empty()))
    };
    let linked = move || {
        identities.answer.with(|answer| match answer {
            Remote::Ready(list) => list.iter().filter(|one| is_linked(one)).cloned().collect(),
            _ => Vec::new(),
        })
    };
    let provider = move |identity: Identity| {
        let label = format!("Continue with {}", identity.name);
        let start = move |_| {
            let what = format!("Sign in at {} in the window that has opened.", identity.name);
            go(what, Some(identity.provider.clone()));
        };
        view! { <button type="button" class="button" on:click=start>{label}</button> }
    };
    view! {
        <div class="step-up-ways" hidden=move || is_hidden.get()>
            <Show when=move || has_passkey() || !linked().is_empty()>
                <p class="muted">"Or show it in your browser:"</p>
            </Show>
            <div class="setting-buttons">
                <Show when=has_passkey>
                    <button
                        type="button"
                        class="button"
                        on:click=move |_| {
                            go("Use your passkey in the window that has opened.".into(), None);
                        }
                    >
                        <Icon icon=Glyph::Key/>
                        "Use a passkey"
                    </button>
                </Show>
                {move || linked().into_iter().map(provider).collect_view()}
            </div>
            <FormFault fault=fault/>
        </div>
        {move || waiting.get().map(|what| view! { <BrowserWait what=what/> })}
    }
}

fn is_linked(identity: &Identity) -> bool {
    identity.linked_at_us.is_some()
}
