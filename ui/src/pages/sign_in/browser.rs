//! The ways in that go through the system's browser.

use std::time::Duration;

use ::ipc::{Fault, FaultKind, Provider, SignInBrowser, SignInOptions, SignInOptionsGet};
use leptos::{prelude::*, task::spawn_local};

use super::enter;
use crate::{
    icons::{Glyph, Icon},
    ipc::invoke,
    overlay::Overlays,
    parts::{form::FormFault, second_step::USE_PASSKEY},
    state::state,
};

/// How soon a server that does not answer is asked again what it takes.
const LOOK_STEP: Duration = Duration::from_secs(10);

/// A button per way, as soon as the server says which there are. They stand below the form, which
/// moves for nothing.
#[component]
pub fn OtherWays(
    /// As it is typed; empty where it cannot be one.
    #[prop(into)]
    server_url: Signal<String>,
    /// Whether an account is to be made: a passkey belongs to one that is there.
    #[prop(into)]
    is_new: Signal<bool>,
    /// While there is something else to do.
    #[prop(into)]
    is_hidden: Signal<bool>,
    /// What to do in the browser, while it is open.
    waiting: RwSignal<Option<String>>,
) -> impl IntoView {
    let (state, overlays) = (state(), expect_context::<Overlays>());
    let options = options_of(server_url);
    let fault = RwSignal::new(None::<Fault>);
    let go = Callback::new(move |provider: Option<Provider>| {
        fault.set(None);
        waiting.set(Some(instruction(provider.as_ref())));
        let server_url = server_url.get_untracked();
        let provider = provider.map(|provider| provider.id);
        spawn_local(async move {
            let answer = invoke(SignInBrowser { server_url, provider }).await;
            // The page goes as soon as somebody is in.
            waiting.try_set(None);
            match answer {
                Ok(Some(session)) => enter(state, overlays, session),
                Ok(None) => {}
                Err(why) => drop(fault.try_set(Some(why))),
            }
        });
    });
    view! {
        <div class="other-ways" hidden=move || is_hidden.get()>
            <FormFault fault=fault/>
            {move || options.get().map(|options| {
                view! { <Ways options=options is_new=is_new go=go/> }
            })}
        </div>
    }
}

#[component]
fn Ways(
    options: SignInOptions,
    is_new: Signal<bool>,
    go: Callback<Option<Provider>>,
) -> impl IntoView {
    let has_providers = !options.providers.is_empty();
    let providers = options
        .providers
        .into_iter()
        .map(|provider| {
            let label = format!("Continue with {}", provider.name);
            view! {
                <button
                    type="button"
                    class="button wide"
                    on:click=move |_| go.run(Some(provider.clone()))
                >
                    {label}
                </button>
            }
        })
        .collect_view();
    view! {
        <Show when=move || has_providers || !is_new.get()>
            <p class="or">"or"</p>
        </Show>
        <Show when=move || !is_new.get()>
            <button type="button" class="button wide" on:click=move |_| go.run(None)>
                <Icon icon=Glyph::Key/>
                "Sign in with a passkey"
            </button>
        </Show>
        {providers}
    }
}

fn instruction(provider: Option<&Provider>) -> String {
    match provider {
        Some(provider) => format!(
            "Sign in at {} in the window that has opened. It brings you back here.",
            provider.name
        ),
        None => USE_PASSKEY.into(),
    }
}

/// What the server at this address takes; `None` until it says so.
fn options_of(server_url: Signal<String>) -> RwSignal<Option<SignInOptions>> {
    let options = RwSignal::new(None);
    let n_looks = RwSignal::new(0_u32);
    Effect::new(move |_| {
        n_looks.track();
        let asked = server_url.get();
        options.set(None);
        if asked.is_empty() {
            return;
        }
        spawn_local(async move {
            let answer = invoke(SignInOptionsGet { server_url: asked.clone() }).await;
            // Another address may be there by now, or the page be gone.
            if server_url.try_get_untracked() != Some(asked) {
                return;
            }
            match answer {
                Ok(found) => drop(options.try_set(Some(found))),
                Err(fault) if fault.kind == FaultKind::Offline => {
                    let again = move || {
                        n_looks.try_update(|n| *n = n.wrapping_add(1));
                    };
                    set_timeout(again, LOOK_STEP);
                }
                // A server of another time; the password is left.
                Err(_) => {}
            }
        });
    });
    options
}
