//! Something that is on or off.

use leptos::prelude::*;

/// A row with a switch and what it is about. It shows what is so: a change is seen once `is_on`
/// has changed.
#[component]
pub fn SwitchRow(
    /// Of the control and, with what hangs on it, of its parts.
    #[prop(into)]
    name: String,
    #[prop(into)] title: String,
    #[prop(into)] about: String,
    #[prop(into)] is_on: Signal<bool>,
    /// A change is on its way.
    #[prop(into)]
    is_busy: Signal<bool>,
    on_change: Callback<bool>,
) -> impl IntoView {
    let about_id = format!("{name}-about");
    view! {
        <div class="setting">
            <div>
                <label class="setting-name" for=name.clone()>{title}</label>
                <p class="muted" id=about_id.clone()>{about}</p>
            </div>
            <input
                type="checkbox"
                role="switch"
                class="switch"
                id=name.clone()
                name=name
                prop:checked=move || is_on.get()
                aria-describedby=about_id
                aria-busy=move || is_busy.get().to_string()
                on:change:target=move |event| {
                    let wanted = event.target().checked();
                    event.target().set_checked(is_on.get_untracked());
                    if !is_busy.get_untracked() {
                        on_change.run(wanted);
                    }
                }
            />
        </div>
    }
}
