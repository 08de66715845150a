//! Messages that float above the screen.

use std::time::Duration;

use ::ipc::Severity;
use leptos::prelude::*;

use crate::{
    icons::{Glyph, Icon},
    overlay::{Overlays, Toast},
    parts::states::RequestId,
};

/// How long a toast stays; long enough to read and to undo.
const TIME: Duration = Duration::from_secs(8);

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
    // What went wrong waits until somebody has seen it.
    let leaves_by_itself = notice.severity != Severity::Error;
    let stay = Stay::new(move || {
        if leaves_by_itself {
            overlays.dismiss(id);
        }
    });
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
        <div
            class=class
            on:pointerenter=move |_| stay.hover(true)
            on:pointerleave=move |_| stay.hover(false)
            on:focusin=move |_| stay.focus(true)
            on:focusout=move |_| stay.focus(false)
        >
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

/// How long a toast is left alone: while somebody points at it or is in it, its time stands still.
#[derive(Clone, Copy)]
struct Stay {
    timer: StoredValue<Option<TimeoutHandle>>,
    is_hovered: StoredValue<bool>,
    is_focused: StoredValue<bool>,
    go: Callback<()>,
}

impl Stay {
    fn new(go: impl Fn() + Send + Sync + 'static) -> Self {
        let stay = Self {
            timer: StoredValue::new(None),
            is_hovered: StoredValue::new(false),
            is_focused: StoredValue::new(false),
            go: Callback::new(move |()| go()),
        };
        stay.start();
        on_cleanup(move || stay.stop());
        stay
    }

    fn hover(self, is_on: bool) {
        self.is_hovered.set_value(is_on);
        self.start();
    }

    fn focus(self, is_on: bool) {
        self.is_focused.set_value(is_on);
        self.start();
    }

    fn start(self) {
        self.stop();
        if !self.is_hovered.get_value() && !self.is_focused.get_value() {
            self.timer.set_value(set_timeout_with_handle(move || self.go.run(()), TIME).ok());
        }
    }

    fn stop(self) {
        if let Some(timer) = self.timer.try_update_value(Option::take).flatten() {
            timer.clear();
        }
    }
}
