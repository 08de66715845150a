//! A choice of few, all of which are seen.

use leptos::prelude::*;

/// One of a few choices, side by side.
#[component]
pub fn Segments<T: Copy + PartialEq + Send + Sync + 'static>(
    label: &'static str,
    name: &'static str,
    options: Vec<(T, &'static str)>,
    #[prop(into)] value: Signal<T>,
    on_change: Callback<T>,
) -> impl IntoView {
    let options = options
        .into_iter()
        .map(|(option, text)| {
            view! {
                <label class="segment">
                    <input
                        type="radio"
                        name=name
                        prop:checked=move || value.get() == option
                        on:change=move |_| on_change.run(option)
                    />
                    <span>{text}</span>
                </label>
            }
        })
        .collect_view();
    view! { <div class="segments" role="radiogroup" aria-label=label>{options}</div> }
}
