//! All shortcuts at a glance.

use leptos::prelude::*;

use super::dialog::DialogBox;
use crate::{
    icons::{Glyph, Icon},
    keys::{Action, shown},
    overlay::Overlays,
    state::state,
};

/// What `?` opens.
#[component]
pub fn ShortcutsDialog() -> impl IntoView {
    let state = state();
    let overlays = expect_context::<Overlays>();
    let row = move |action: Action| {
        let key = state.settings.with_untracked(|view| action.key(&view.settings.shortcuts));
        view! { <div><dt>{action.label()}</dt><dd><kbd>{shown(&key)}</kbd></dd></div> }
    };
    view! {
        <DialogBox label="Keyboard shortcuts">
            <div class="dialog-head">
                <h2>"Keyboard shortcuts"</h2>
                <button
                    class="icon-button"
                    aria-label="Close"
                    on:click=move |_| overlays.dialog.set(None)
                >
                    <Icon icon=Glyph::X/>
                </button>
            </div>
            <dl class="shortcuts">{Action::ALL.into_iter().map(row).collect_view()}</dl>
            <p class="muted">"Change them in the settings. In a list: arrows move, Enter plays, Shift and Ctrl select, Shift F10 opens the menu; in the queue, Alt and arrows move a track."</p>
        </DialogBox>
    }
}
