//! Messages that go by themselves.

use ::ipc::Severity;
use leptos::prelude::*;

use crate::{
    icons::{Glyph, Icon},
    overlay::{Overlays, Toast},
    parts::states::RequestId,
};

/// The stack of toasts; a live region, so that they are read out.
#[component]
pub fn Toasts() -> impl IntoView {
    let overlays = expect_context::<Overlays>();
    view! {
        <div class="toasts" role="status" aria-live="polite">
            <For each=move || overlays.toasts.get() key=|toast| toast.id let:toast>
                <ToastCard toast=toast/>
            </For>
        </div>
    }
}

#[component]
fn ToastCard(toast: Toast) -> impl IntoView {
    let overlays = expect_context::<Overlays>();
    let Toast { id, notice, undo } = toast;
    let (icon, class) = match notice.severity {
        Severity::Info => (Glyph::Info, "toast"),
        Severity::Warning => (Glyph::TriangleAlert, "toast warning"),
        Severity::Error => (Glyph::CircleAlert, "toast error"),
    };
    let has_icon = notice.severity != Severity::Info;
    let hint = notice.hint;
    let undo_button = undo.map(|undo| {
        let take_back = move |_| {
            undo.run(());
            overlays.dismiss(id);
        };
        view! { <button class="text-button" on:click=take_back>"Undo"</button> }
    });
    view! {
        <div class=class>
            {has_icon.then(|| view! { <Icon icon=icon/> })}
            <div class="toast-text">
                <p>{notice.message}</p>
                {(!hint.is_empty()).then(|| view! { <p class="muted">{hint}</p> })}
                {notice.request_id.map(|id| view! { <RequestId id=id/> })}
            </div>
            {undo_button}
            <button
                class="icon-button small"
                aria-label="Dismiss"
                on:click=move |_| overlays.dismiss(id)
            >
                <Icon icon=Glyph::X/>
            </button>
        </div>
    }
}
