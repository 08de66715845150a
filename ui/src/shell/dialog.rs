//! The frame of a dialog: it takes the focus, keeps it, and gives it back.

use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;

use crate::{
    focus::{focused, rescue_focus},
    overlay::Overlays,
};

/// A modal dialog; Escape and a click beside it close it.
#[component]
pub fn DialogBox(
    /// Its name for a screen reader.
    #[prop(into)]
    label: String,
    #[prop(optional)] class: &'static str,
    children: Children,
) -> impl IntoView {
    let overlays = expect_context::<Overlays>();
    let dialog = NodeRef::<html::Dialog>::new();
    let before = StoredValue::new_local(focused());
    on_cleanup(move || rescue_focus(before.try_with_value(Clone::clone).flatten()));
    Effect::new(move |_| {
        if let Some(dialog) = dialog.get() {
            // Fails only where it is open already.
            let _ = dialog.show_modal();
        }
    });
    let close = move || overlays.dialog.set(None);
    view! {
        <dialog
            node_ref=dialog
            class=format!("dialog {class}")
            aria-label=label
            on:cancel=move |event: ev::Event| {
                event.prevent_default();
                close();
            }
            on:click=move |event| {
                let is_beside = dialog.get_untracked().is_some_and(|dialog| {
                    event.target().as_ref() == Some(dialog.unchecked_ref())
                });
                if is_beside {
                    close();
                }
            }
        >
            <div class="dialog-body">{children()}</div>
        </dialog>
    }
}
