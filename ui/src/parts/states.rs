//! What a screen shows while it has nothing to show.

use ::ipc::Fault;
use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen_futures::JsFuture;

use crate::icons::{Glyph, Icon};

/// What went wrong, what to do, the id to report, and another try.
#[component]
pub fn ErrorState(
    fault: Fault,
    /// It stands for the whole page, whose title it becomes.
    #[prop(optional)]
    is_page: bool,
    on_retry: Callback<()>,
) -> impl IntoView {
    let Fault { message, hint, request_id, .. } = fault;
    let title = if is_page {
        view! { <h1>{message}</h1> }.into_any()
    } else {
        view! { <h2>{message}</h2> }.into_any()
    };
    view! {
        <div class="state" role="alert">
            <Icon icon=Glyph::CircleAlert/>
            {title}
            {(!hint.is_empty()).then(|| view! { <p>{hint}</p> })}
            <button class="button" on:click=move |_| on_retry.run(())>"Try again"</button>
            {request_id.map(|id| view! { <RequestId id=id/> })}
        </div>
    }
}

/// Copies a text, and says once that is done. Where the clipboard is forbidden, the text can still
/// be selected.
pub fn copy(text: &str, is_copied: RwSignal<bool>) {
    let clipboard = window().navigator().clipboard();
    // A webview may have none, whatever the type says.
    if clipboard.is_undefined() {
        return;
    }
    let writing = clipboard.write_text(text);
    spawn_local(async move {
        if JsFuture::from(writing).await.is_ok() {
            is_copied.try_set(true);
        }
    });
}

/// The id of a request, to be copied into a report.
#[component]
pub fn RequestId(id: String) -> impl IntoView {
    let is_copied = RwSignal::new(false);
    let copied = id.clone();
    view! {
        <p class="request-id">
            "Request " <code>{id}</code>
            <button
                type="button"
                class="icon-button small"
                aria-label="Copy the request id"
                on:click=move |_| copy(&copied, is_copied)
            >
                {move || view! { <Icon icon=if is_copied.get() { Glyph::Check } else { Glyph::Copy }/> }}
            </button>
        </p>
    }
}

/// Nothing here yet, and how to change that.
#[component]
pub fn EmptyState(
    icon: Glyph,
    #[prop(into)] title: String,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="state">
            <Icon icon=icon/>
            <h2>{title}</h2>
            {children.map(|children| children())}
        </div>
    }
}

/// Grey cards of the final size.
pub fn card_skeletons(n: usize) -> AnyView {
    let cards = (0..n).map(|_| card_skeleton()).collect_view();
    view! { <div class="card-grid" aria-hidden="true">{cards}</div> }.into_any()
}

/// One grey card: a release or an artist that is on its way.
pub fn card_skeleton() -> AnyView {
    view! {
        <div class="card skeleton">
            <div class="cover bone"></div>
            <div class="card-text">
                <div class="bone line"></div>
                <div class="bone line short"></div>
            </div>
        </div>
    }
    .into_any()
}

/// The line above a list.
pub fn list_head_skeleton() -> AnyView {
    view! {
        <div class="list-head skeleton" aria-hidden="true"><div class="bone line"></div></div>
    }
    .into_any()
}

/// Grey track rows of the final size.
pub fn row_skeletons(n: usize) -> AnyView {
    view! { <div aria-hidden="true">{(0..n).map(|_| row_skeleton()).collect_view()}</div> }
        .into_any()
}

/// One grey row: a track or a queue entry that is on its way.
pub fn row_skeleton() -> AnyView {
    view! {
        <div class="row-skeleton skeleton">
            <div class="bone square"></div>
            <div class="bone line"></div>
        </div>
    }
    .into_any()
}
