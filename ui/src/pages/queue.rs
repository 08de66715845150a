//! The queue as a screen of its own, for phones.

use leptos::prelude::*;

use crate::shell::queue_list::QueueList;

/// The queue in the main column.
#[component]
pub fn QueuePage() -> impl IntoView {
    view! {
        <div class="page">
            <h1 class="unseen">"Queue"</h1>
            <QueueList/>
        </div>
    }
}
