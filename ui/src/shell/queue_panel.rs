//! The queue beside the main column.

use leptos::prelude::*;

use super::queue_list::QueueList;
use crate::parts::drag::DROP;

/// Shown on wide windows while it is open.
#[component]
pub fn QueuePanel() -> impl IntoView {
    view! {
        <aside class="panel" aria-label="Queue" data-drop=DROP>
            <QueueList/>
        </aside>
    }
}
