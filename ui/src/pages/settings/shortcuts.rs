//! The list of shortcuts, each of which can be given another key.

use leptos::{ev, prelude::*};

use crate::{
    icons::{Glyph, Icon},
    keys::{Action, action_of, key_of, shown},
    overlay::Overlays,
    state::state,
};

/// All shortcuts with their keys.
#[component]
pub fn Shortcuts() -> impl IntoView {
    let state = state();
    let recording = RwSignal::new(None::<Action>);
    let has_changes =
        Memo::new(move |_| state.settings.with(|view| !view.settings.shortcuts.is_empty()));
    let rows = Action::ALL
        .into_iter()
        .map(|action| view! { <Row action=action recording=recording/> })
        .collect_view();
    view! {
        <section class="settings-group" aria-labelledby="settings-shortcuts">
            <div class="section-head">
                <h2 id="settings-shortcuts">"Keyboard shortcuts"</h2>
                <Show when=move || has_changes.get()>
                    <button
                        class="text-button"
                        on:click=move |_| {
                            state.change_settings(|settings| settings.shortcuts.clear());
                        }
                    >
                        "Reset all"
                    </button>
                </Show>
            </div>
            {rows}
        </section>
    }
}

#[component]
fn Row(action: Action, recording: RwSignal<Option<Action>>) -> impl IntoView {
    let state = state();
    let overlays = expect_context::<Overlays>();
    let is_recording = Memo::new(move |_| recording.get() == Some(action));
    let key = Memo::new(move |_| state.settings.with(|v| action.key(&v.settings.shortcuts)));
    let is_changed = Memo::new(move |_| key.with(|key| key != action.default_key()));
    let on_key = move |event: ev::KeyboardEvent| {
        if !is_recording.get_untracked() {
            return;
        }
        if event.key() == "Escape" || event.key() == "Tab" {
            recording.set(None);
            return;
        }
        event.prevent_default();
        event.stop_propagation();
        let Some(key) = key_of(&event) else { return };
        let taken = state.settings.with_untracked(|v| action_of(&key, &v.settings.shortcuts));
        match taken.filter(|taken| *taken != action) {
            Some(taken) => {
                overlays.say(format!("{} already does “{}”", shown(&key), taken.label()));
            }
            None => state.change_settings(|settings| {
                if key == action.default_key() {
                    settings.shortcuts.remove(action.name());
                } else {
                    settings.shortcuts.insert(action.name().to_owned(), key);
                }
            }),
        }
        recording.set(None);
    };
    let label = move || {
        if is_recording.get() { "Press a key…".to_owned() } else { shown(&key.get()) }
    };
    view! {
        <div class="setting">
            <p class="setting-name">{action.label()}</p>
            <div class="setting-keys">
                <Show when=move || is_changed.get()>
                    <button
                        class="icon-button small"
                        aria-label=format!("Reset the key for {}", action.label())
                        on:click=move |_| state.change_settings(|settings| {
                            settings.shortcuts.remove(action.name());
                        })
                    >
                        <Icon icon=Glyph::Undo2/>
                    </button>
                </Show>
                <button
                    class="key-button"
                    class:recording=is_recording
                    aria-label=move || format!("{}: {}. Change", action.label(), label())
                    on:click=move |event| {
                        recording.set(Some(action));
                        focus(&event);
                    }
                    on:keydown=on_key
                    on:blur=move |_| {
                        if is_recording.get_untracked() {
                            recording.set(None);
                        }
                    }
                >
                    {label}
                </button>
            </div>
        </div>
    }
}

/// Clicks take no focus by themselves (see `app`), but here the next key must come.
fn focus(event: &ev::MouseEvent) {
    use wasm_bindgen::JsCast;

    let button = event.current_target().and_then(|t| t.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(button) = button {
        let _ = button.focus();
    }
}
