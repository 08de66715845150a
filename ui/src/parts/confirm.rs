//! Asking once more, for what cannot be undone.

use leptos::{ev, html, prelude::*};

/// A button that asks, where it stands, before it acts. The focus goes to the way back.
#[component]
pub fn ConfirmButton(
    /// What it does, in a word or two.
    #[prop(into)]
    label: String,
    /// The same for a screen reader, with what it is about.
    #[prop(into)]
    name: String,
    #[prop(into)] question: String,
    on_confirm: Callback<()>,
) -> impl IntoView {
    let is_asking = RwSignal::new(false);
    let (first, back) = (NodeRef::<html::Button>::new(), NodeRef::<html::Button>::new());
    Effect::new(move |was_asking: Option<bool>| {
        let wanted = if is_asking.get() { back.get() } else { first.get() };
        // At first nothing was asked, and the focus is where it should be.
        if let Some(button) =
            wanted.filter(|_| was_asking.is_some_and(|was| was != is_asking.get()))
        {
            let _ = button.focus();
        }
        is_asking.get()
    });
    let on_key = move |event: ev::KeyboardEvent| {
        if event.key() == "Escape" {
            event.stop_propagation();
            is_asking.set(false);
        }
    };
    move || {
        if is_asking.get() {
            view! {
                <div class="confirm" role="group" aria-label=name.clone() on:keydown=on_key>
                    <p>{question.clone()}</p>
                    <div class="confirm-actions">
                        <button
                            type="button"
                            class="button danger"
                            on:click=move |_| {
                                is_asking.set(false);
                                on_confirm.run(());
                            }
                        >
                            {label.clone()}
                        </button>
                        <button
                            node_ref=back
                            type="button"
                            class="button"
                            on:click=move |_| is_asking.set(false)
                        >
                            "Not now"
                        </button>
                    </div>
                </div>
            }
            .into_any()
        } else {
            view! {
                <button
                    node_ref=first
                    type="button"
                    class="button"
                    aria-label=name.clone()
                    on:click=move |_| is_asking.set(true)
                >
                    {label.clone()}
                </button>
            }
            .into_any()
        }
    }
}
