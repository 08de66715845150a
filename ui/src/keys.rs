//! Keyboard shortcuts: what there is, what the user made of it, and what a key press means.

use std::collections::BTreeMap;

use ::ipc::{PlayerNext, PlayerPrevious, PlayerSeek, PlayerToggle, SetVolume};
use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;

use crate::{
    overlay::{Dialog, Overlays},
    route::Router,
    state::State,
};

/// How far the arrow keys seek.
const SEEK_STEP_MS: u64 = 5_000;
const VOLUME_STEP: f32 = 0.05;

/// What a shortcut does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    PlayerToggle,
    SeekForward,
    SeekBack,
    PlayerNext,
    PlayerPrevious,
    VolumeUp,
    VolumeDown,
    Mute,
    Queue,
    Undo,
    Search,
    Shortcuts,
}

impl Action {
    pub const ALL: [Self; 12] = [
        Self::PlayerToggle,
        Self::SeekForward,
        Self::SeekBack,
        Self::PlayerNext,
        Self::PlayerPrevious,
        Self::VolumeUp,
        Self::VolumeDown,
        Self::Mute,
        Self::Queue,
        Self::Undo,
        Self::Search,
        Self::Shortcuts,
    ];

    /// Its name in the settings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PlayerToggle => "player_toggle",
            Self::SeekForward => "seek_forward",
            Self::SeekBack => "seek_back",
            Self::PlayerNext => "player_next",
            Self::PlayerPrevious => "player_previous",
            Self::VolumeUp => "volume_up",
            Self::VolumeDown => "volume_down",
            Self::Mute => "mute",
            Self::Queue => "queue",
            Self::Undo => "undo",
            Self::Search => "search",
            Self::Shortcuts => "shortcuts",
        }
    }

    /// Its name on screen.
    pub const fn label(self) -> &'static str {
        match self {
            Self::PlayerToggle => "Play or pause",
            Self::SeekForward => "Forward 5 seconds",
            Self::SeekBack => "Back 5 seconds",
            Self::PlayerNext => "Next track",
            Self::PlayerPrevious => "Previous track",
            Self::VolumeUp => "Louder",
            Self::VolumeDown => "Quieter",
            Self::Mute => "Mute",
            Self::Queue => "Show or hide the queue",
            Self::Undo => "Undo the last change",
            Self::Search => "Search",
            Self::Shortcuts => "Show all shortcuts",
        }
    }

    pub const fn default_key(self) -> &'static str {
        match self {
            Self::PlayerToggle => "Space",
            Self::SeekForward => "ArrowRight",
            Self::SeekBack => "ArrowLeft",
            Self::PlayerNext => "Ctrl+ArrowRight",
            Self::PlayerPrevious => "Ctrl+ArrowLeft",
            Self::VolumeUp => "Ctrl+ArrowUp",
            Self::VolumeDown => "Ctrl+ArrowDown",
            Self::Mute => "M",
            Self::Queue => "Q",
            Self::Undo => "Ctrl+Z",
            Self::Search => "Ctrl+K",
            Self::Shortcuts => "?",
        }
    }

    /// The key that triggers it under the user's changes.
    pub fn key(self, changes: &BTreeMap<String, String>) -> String {
        changes.get(self.name()).cloned().unwrap_or_else(|| self.default_key().to_owned())
    }
}

/// Which action a key triggers.
pub fn action_of(key: &str, changes: &BTreeMap<String, String>) -> Option<Action> {
    Action::ALL.into_iter().find(|action| action.key(changes) == key)
}

/// A key press in the form the settings use: `Ctrl+ArrowLeft`, `M`, `?`. The command key of a
/// Mac counts as Ctrl. Absent for a lone modifier.
pub fn key_of(event: &ev::KeyboardEvent) -> Option<String> {
    let key = event.key();
    let name = match key.as_str() {
        "Control" | "Shift" | "Alt" | "Meta" | "AltGraph" | "CapsLock" | "Dead" | "Process"
        | "Unidentified" | "Tab" | "Escape" => return None,
        " " => "Space".to_owned(),
        key => key.to_uppercase().parse::<char>().map_or_else(|_| key.to_owned(), String::from),
    };
    let mut text = String::new();
    if event.ctrl_key() || event.meta_key() {
        text.push_str("Ctrl+");
    }
    if event.alt_key() {
        text.push_str("Alt+");
    }
    // On signs, shift is part of how they are typed.
    let is_sign = name.chars().count() == 1 && !name.chars().all(char::is_alphabetic);
    if event.shift_key() && !is_sign {
        text.push_str("Shift+");
    }
    text.push_str(&name);
    Some(text)
}

/// `Ctrl+ArrowLeft` as people read it: `Ctrl ←`.
pub fn shown(key: &str) -> String {
    key.replace("ArrowLeft", "←")
        .replace("ArrowRight", "→")
        .replace("ArrowUp", "↑")
        .replace("ArrowDown", "↓")
        .split('+')
        .collect::<Vec<_>>()
        .join(" ")
}

/// Listens for shortcuts, except where the user types or the focused control needs the key.
pub fn listen(state: State, overlays: Overlays, router: Router) {
    let handle = window_event_listener(ev::keydown, move |event| {
        if event.default_prevented() || event.is_composing() {
            return;
        }
        let Some(key) = key_of(&event) else { return };
        let action =
            state.settings.with_untracked(|view| action_of(&key, &view.settings.shortcuts));
        let Some(action) = action else { return };
        let is_blocked = match event.target().and_then(|t| t.dyn_into::<web_sys::Element>().ok()) {
            Some(target) => needs_key(&target, &key),
            None => false,
        };
        let is_signed_in = state
            .session
            .with_untracked(|session| session.as_ref().is_some_and(|s| s.account.is_some()));
        // Behind a dialog, nothing moves.
        let is_behind = overlays.dialog.with_untracked(Option::is_some);
        if is_blocked || !is_signed_in || (is_behind && action != Action::Search) {
            return;
        }
        event.prevent_default();
        run(action, state, overlays, router);
    });
    on_cleanup(move || handle.remove());
}

/// Whether the element does something of its own with the key.
fn needs_key(element: &web_sys::Element, key: &str) -> bool {
    let is_in = |selector: &str| matches!(element.closest(selector), Ok(Some(_)));
    let is_typed_in = is_in(
        "input:not([type=checkbox]):not([type=radio]):not([type=button]), textarea, select, \
         [contenteditable]",
    );
    if is_typed_in {
        // Ctrl+K and the like are no text; Ctrl+arrows move by words, others edit.
        let is_editing =
            matches!(key, "Ctrl+A" | "Ctrl+C" | "Ctrl+V" | "Ctrl+X" | "Ctrl+Y" | "Ctrl+Z");
        return is_editing || !key.starts_with("Ctrl+") || key.contains("Arrow");
    }
    match key {
        // Links follow Enter alone: on them, Space plays and pauses as anywhere.
        "Space" => is_in("button, summary, [role=tab], [role=radio], input"),
        "ArrowLeft" | "ArrowRight" => is_in("[role=slider], [role=radiogroup], [role=tablist]"),
        _ => false,
    }
}

fn run(action: Action, state: State, overlays: Overlays, router: Router) {
    let position_ms = state.clock.position_ms.get_untracked();
    let (volume, duration_ms) = state.player.with_untracked(|p| (p.volume, p.duration_ms));
    let seek = |position_ms: u64| {
        if state.track.with_untracked(Option::is_some) {
            state.clock.set_anchor(position_ms);
            state.send(PlayerSeek { position_ms });
        }
    };
    let set_volume = |volume: f32| state.send(SetVolume { volume: volume.clamp(0.0, 1.0) });
    match action {
        Action::PlayerToggle => state.send(PlayerToggle {}),
        Action::SeekForward => seek((position_ms + SEEK_STEP_MS).min(duration_ms)),
        Action::SeekBack => seek(position_ms.saturating_sub(SEEK_STEP_MS)),
        Action::PlayerNext => state.send(PlayerNext {}),
        Action::PlayerPrevious => state.send(PlayerPrevious {}),
        Action::VolumeUp => set_volume(volume + VOLUME_STEP),
        Action::VolumeDown => set_volume(volume - VOLUME_STEP),
        Action::Mute => state.toggle_mute(),
        Action::Queue => state.toggle_queue(router),
        Action::Undo => overlays.undo(),
        Action::Search => overlays.dialog.set(Some(Dialog::Search)),
        Action::Shortcuts => overlays.dialog.set(Some(Dialog::Shortcuts)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_shortcut_replaces_its_default() {
        let changes = BTreeMap::from([("mute".to_owned(), "Ctrl+Shift+M".to_owned())]);
        assert_eq!(action_of("Ctrl+Shift+M", &changes), Some(Action::Mute));
        assert_eq!(action_of("M", &changes), None);
        assert_eq!(action_of("Space", &changes), Some(Action::PlayerToggle));
    }

    #[test]
    fn default_keys_do_not_clash() {
        let none = BTreeMap::new();
        for action in Action::ALL {
            assert_eq!(action_of(action.default_key(), &none), Some(action));
        }
    }

    #[test]
    fn keys_are_shown_as_people_read_them() {
        assert_eq!(shown("Ctrl+ArrowLeft"), "Ctrl ←");
        assert_eq!(shown("M"), "M");
    }
}
