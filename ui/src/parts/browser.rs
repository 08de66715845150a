//! Waiting for the system's browser.

use ::ipc::SignInBrowserCancel;
use leptos::{html, prelude::*};

use crate::{
    focus::{focused, rescue_focus},
    icons::{Glyph, Icon},
    state::state,
};

/// Says that it goes on in the browser. The focus comes to the way out, and goes back in the end.
#[component]
pub fn BrowserWait(
    /// What to do there.
    #[prop(into)]
    what: String,
) -> impl IntoView {
    let state = state();
    let out = NodeRef::<html::Button>::new();
    let before = StoredValue::new_local(focused());
    on_cleanup(move || rescue_focus(before.try_with_value(Clone::clone).flatten()));
    Effect::new(move |_| {
        if let Some(out) = out.get() {
            let _ = out.focus();
        }
    });
    view! {
        <div class="browser-wait">
            <Icon icon=Glyph::LoaderCircle/>
            <div role="status">
                <p class="setting-name">"Go on in your browser"</p>
                <p class="muted">{what}</p>
            </div>
            <button
                node_ref=out
                type="button"
                class="button"
                on:click=move |_| state.send(SignInBrowserCancel {})
            >
                "Cancel"
            </button>
        </div>
    }
}
