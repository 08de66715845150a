//! Type-to-jump: the first letters of a name lead to it, wherever in the list it stands.

use ::ipc::Sort;
use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;

use super::{Choice, paged::Paged};
use crate::{
    focus::Modality,
    hear::hear_first,
    keys::{action_of, key_of},
    overlay::Overlays,
    state::{State, state},
};

/// After so long without a letter, the next one begins a new word.
const PAUSE_MS: f64 = 1_200.0;

/// Letters looked at.
const LETTERS_MAX: usize = 40;

/// What was typed, and where it leads.
pub struct Ahead<T: Send + Sync + 'static> {
    paged: Paged<T>,
    choice: Choice,
    typed: StoredValue<(String, f64)>,
    /// Looked for while pages come in.
    sought: RwSignal<Option<String>>,
    is_missing: RwSignal<bool>,
    go_to: Callback<usize>,
    name: fn(&T, Sort) -> Option<String>,
    state: StoredValue<State>,
    overlays: Overlays,
    modality: Modality,
}

impl<T: Send + Sync + 'static> Clone for Ahead<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Ahead<T> {}

impl<T: Clone + Send + Sync + 'static> Ahead<T> {
    /// Listens on the page, wherever the focus is: a click on a card leaves it nowhere. `name` is
    /// what a list is ordered by, where that is a name.
    pub fn new(
        paged: Paged<T>,
        choice: Choice,
        go_to: Callback<usize>,
        name: fn(&T, Sort) -> Option<String>,
    ) -> Self {
        let ahead = Self {
            paged,
            choice,
            typed: StoredValue::new((String::new(), 0.0)),
            sought: RwSignal::new(None),
            is_missing: RwSignal::new(false),
            go_to,
            name,
            state: StoredValue::new(state()),
            overlays: expect_context(),
            modality: expect_context(),
        };
        hear_first("keydown", move |event: ev::KeyboardEvent| ahead.on_key(&event));
        Effect::new(move |_| {
            paged.epoch.track();
            ahead.sought.set(None);
        });
        Effect::new(move |_| {
            paged.rows.track();
            if let Some(sought) = ahead.sought.get() {
                ahead.look(&sought);
            }
        });
        ahead
    }

    /// What to say about the search, while there is something.
    pub fn said(self) -> Option<String> {
        let sought = self.sought.get()?;
        Some(if self.is_missing.get() {
            format!("Nothing here begins with “{sought}”")
        } else {
            format!("Looking for “{sought}”…")
        })
    }

    /// Takes a letter that means a name.
    fn on_key(self, event: &ev::KeyboardEvent) {
        let key = event.key();
        let mut letters = key.chars();
        let (Some(letter), None) = (letters.next(), letters.next()) else { return };
        let is_command = event.ctrl_key() || event.alt_key() || event.meta_key();
        let has_names = !matches!(
            self.choice.sort.get_untracked(),
            Sort::Added | Sort::Duration | Sort::Plays | Sort::Date
        );
        let now_ms = js_sys::Date::now();
        let (mut typed, at_ms) = self.typed.get_value();
        if now_ms - at_ms > PAUSE_MS {
            typed.clear();
        }
        let is_letter = letter.is_alphanumeric() || (!typed.is_empty() && letter == ' ');
        if is_command || event.is_composing() || !has_names || !is_letter {
            return;
        }
        let is_elsewhere = self.is_elsewhere(event);
        if is_elsewhere || (typed.is_empty() && self.is_shortcut(event)) {
            return;
        }
        event.prevent_default();
        event.stop_propagation();
        if typed.chars().count() < LETTERS_MAX {
            typed.push(letter);
        }
        self.typed.set_value((typed.clone(), now_ms));
        self.is_missing.set(false);
        self.sought.set(Some(typed));
    }

    /// Whether the key goes to something that is not the list.
    fn is_elsewhere(self, event: &ev::KeyboardEvent) -> bool {
        self.overlays.menu.with_untracked(Option::is_some)
            || self.overlays.dialog.with_untracked(Option::is_some)
            || is_in(event, "input, textarea, select, [contenteditable], .panel")
    }

    /// A letter with a meaning of its own keeps it, unless keys led to a row or a card: who walks
    /// a list by keys means the list.
    fn is_shortcut(self, event: &ev::KeyboardEvent) -> bool {
        let is_bound = key_of(event).is_some_and(|key| {
            self.state
                .get_value()
                .settings
                .with_untracked(|view| action_of(&key, &view.settings.shortcuts).is_some())
        });
        is_bound && !(self.modality.is_by_keys() && is_in(event, "[data-row], [data-card]"))
    }

    fn look(self, sought: &str) {
        let (wanted, sort) = (folded(sought), self.choice.sort.get_untracked());
        let is_match = |row: &T| {
            (self.name)(row, sort)
                .is_some_and(|name| folded(&domain::text::sort_key(&name)).starts_with(&wanted))
        };
        let found = self.paged.rows.with_untracked(|rows| {
            rows.here()
                .filter(|(_, row)| is_match(row))
                .map(|(idx, _)| idx)
                // Where rows before it are not here, the first match may stand among them.
                .find(|idx| *idx == 0 || rows.get(idx - 1).is_some_and(|row| !is_match(row)))
        });
        if let Some(idx) = found {
            self.sought.set(None);
            self.go_to.run(idx);
        } else if !self
            .paged
            .fetch_towards(is_late(&wanted) != self.choice.is_descending.get_untracked())
        {
            self.is_missing.set(true);
        }
    }
}

fn is_in(event: &ev::KeyboardEvent, selector: &str) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    target.is_some_and(|target| matches!(target.closest(selector), Ok(Some(_))))
}

/// Whether a name stands in the second half of an ordered list, as far as one can guess.
fn is_late(name: &str) -> bool {
    name.chars().next().is_some_and(|letter| letter >= 'm')
}

/// As the order of lists has it: without marks and articles, in small letters.
fn folded(name: &str) -> String {
    domain::text::words(name).join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_match_without_marks() {
        assert!(folded("Björk & Friends").starts_with(&folded("bjo")));
        assert!(is_late("tide") && !is_late("amber"));
    }
}
