//! The button below a list of which there is more.

use leptos::prelude::*;

/// Asks for the next page, and says so while it is on its way.
#[component]
pub fn LoadMore(#[prop(into)] is_busy: Signal<bool>, on_more: Callback<()>) -> impl IntoView {
    view! {
        <div class="more">
            <button
                type="button"
                class="button"
                aria-busy=move || is_busy.get().to_string()
                on:click=move |_| on_more.run(())
            >
                {move || if is_busy.get() { "One moment…" } else { "Load more" }}
            </button>
        </div>
    }
}
