//! Tables of tracks: play from here, select many, menu, all by mouse, touch and keyboard.

use std::collections::BTreeSet;

use ::ipc::{Context, PlayerToggle, Selection};
use domain::{Track, TrackId};
use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;

use crate::{
    overlay::{Menu, MenuItem, Overlays},
    parts::menu::{open_at, track_items},
    route::{MAIN, Router},
    state::State,
};

mod row;

pub use row::{Columns, TableHead, TrackRow};

/// The longest context sent to the player: what stands around the start.
const CONTEXT_MAX: usize = 5_000;

/// The rows of one table, what is selected in it, and what can be done.
#[derive(Clone, Copy)]
pub struct Table {
    pub rows: RwSignal<Vec<Track>>,
    pub selected: RwSignal<BTreeSet<usize>>,
    /// The row the tab key reaches and arrow keys move.
    pub focused: RwSignal<usize>,
    /// Where a Shift-selection starts.
    anchor: StoredValue<usize>,
    context: StoredValue<Context>,
    /// Rows are a release in full, which the player can ask for itself.
    release: StoredValue<Option<Selection>>,
    /// Kept aside, so that handing a table on copies little.
    state: StoredValue<State>,
    router: Router,
    overlays: Overlays,
}

impl Table {
    /// A table that plays as `context`.
    pub fn new(rows: RwSignal<Vec<Track>>, context: Context) -> Self {
        let release = match &context {
            Context::Release { id, .. } => Some(Selection::Release { id: *id }),
            _ => None,
        };
        Self {
            rows,
            selected: RwSignal::default(),
            focused: RwSignal::new(0),
            anchor: StoredValue::new(0),
            context: StoredValue::new(context),
            release: StoredValue::new(release),
            state: StoredValue::new(expect_context()),
            router: expect_context(),
            overlays: expect_context(),
        }
    }

    /// Plays from a row on, with the table as the context.
    pub fn play_from(self, idx: usize) {
        let Some(start) = self.rows.with_untracked(|rows| rows.get(idx).map(|t| t.id)) else {
            return;
        };
        let selection = self.release.get_value().unwrap_or_else(|| self.around(idx));
        self.state.get_value().play(self.context.get_value(), selection, Some(start));
    }

    /// Plays a row, or pauses where it is what plays.
    pub fn toggle(self, idx: usize) {
        let id = self.rows.with_untracked(|rows| rows.get(idx).map(|t| t.id));
        let now = self.state.get_value().track.with_untracked(|t| t.as_ref().map(|t| t.id));
        if id.is_some() && id == now {
            self.state.get_value().send(PlayerToggle {});
        } else {
            self.play_from(idx);
        }
    }

    fn around(self, idx: usize) -> Selection {
        self.rows.with_untracked(|rows| {
            let first = idx.saturating_sub(CONTEXT_MAX / 2);
            let ids: Vec<TrackId> =
                rows.iter().skip(first).take(CONTEXT_MAX).map(|track| track.id).collect();
            Selection::Tracks { ids }
        })
    }

    /// A click selects; with Ctrl one more, with Shift all between. A touch plays.
    pub fn on_click(self, idx: usize, event: &ev::MouseEvent) {
        self.focused.set(idx);
        if event.shift_key() {
            self.select_range(idx);
        } else if event.ctrl_key() || event.meta_key() {
            self.anchor.set_value(idx);
            self.selected.update(|selected| {
                if !selected.remove(&idx) {
                    selected.insert(idx);
                }
            });
        } else if is_touch() {
            self.play_from(idx);
        } else {
            self.select_only(idx);
        }
    }

    fn select_only(self, idx: usize) {
        self.anchor.set_value(idx);
        self.selected.set(BTreeSet::from([idx]));
    }

    fn select_range(self, idx: usize) {
        let anchor = self.anchor.get_value();
        self.selected.set((anchor.min(idx)..=anchor.max(idx)).collect());
    }

    pub fn on_key(self, event: &ev::KeyboardEvent) {
        let is_on_row = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
            .is_some_and(|target| target.has_attribute("data-row"));
        if !is_on_row {
            return;
        }
        let (idx, n_rows) = (self.focused.get_untracked(), self.rows.with_untracked(Vec::len));
        match event.key().as_str() {
            "ArrowDown" if !event.ctrl_key() => self.move_to(idx + 1, event.shift_key()),
            "ArrowUp" if !event.ctrl_key() => {
                self.move_to(idx.saturating_sub(1), event.shift_key());
            }
            "PageDown" => self.move_to(idx + 10, event.shift_key()),
            "PageUp" => self.move_to(idx.saturating_sub(10), event.shift_key()),
            "Home" => self.move_to(0, event.shift_key()),
            "End" => self.move_to(n_rows.saturating_sub(1), event.shift_key()),
            "Enter" => self.play_from(idx),
            "a" if event.ctrl_key() || event.meta_key() => {
                self.selected.set((0..n_rows).collect());
            }
            "Escape" => self.selected.set(BTreeSet::new()),
            "F10" if event.shift_key() => self.open_menu_of_focused(event),
            "ContextMenu" => self.open_menu_of_focused(event),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    }

    fn move_to(self, idx: usize, is_extending: bool) {
        let n_rows = self.rows.with_untracked(Vec::len);
        let idx = idx.min(n_rows.saturating_sub(1));
        self.focused.set(idx);
        if is_extending {
            self.select_range(idx);
        } else {
            self.select_only(idx);
        }
        focus_row(idx);
    }

    /// The menu of a row; of the whole selection where the row is part of it.
    pub fn open_menu(self, idx: usize, event: &ev::MouseEvent) {
        let items = self.items(idx);
        open_at(self.overlays, event, items);
    }

    fn open_menu_of_focused(self, event: &ev::KeyboardEvent) {
        let rect = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
            .map(|row| row.get_bounding_client_rect());
        if let Some(rect) = rect {
            let items = self.items(self.focused.get_untracked());
            let (x, y) = (rect.left() as i32 + 48, rect.bottom() as i32 - 8);
            self.overlays.menu.set(Some(Menu { x, y, items }));
        }
    }

    fn items(self, idx: usize) -> Vec<MenuItem> {
        if !self.selected.with_untracked(|selected| selected.contains(&idx)) {
            self.select_only(idx);
        }
        let tracks: Vec<Track> = self.rows.with_untracked(|rows| {
            self.selected
                .with_untracked(|s| s.iter().filter_map(|idx| rows.get(*idx).cloned()).collect())
        });
        let play = {
            let ids = tracks.iter().map(|track| track.id).collect::<Vec<_>>();
            move || {
                if ids.len() == 1 {
                    self.play_from(idx);
                } else {
                    let selection = Selection::Tracks { ids: ids.clone() };
                    self.state.get_value().play(self.context.get_value(), selection, None);
                }
            }
        };
        track_items(self.state.get_value(), self.router, &tracks, play)
    }
}

/// Whether the pointer is a finger: rows then play at the first touch.
fn is_touch() -> bool {
    window()
        .match_media("(hover: none)")
        .is_ok_and(|query| query.is_some_and(|query| query.matches()))
}

/// Moves the focus to a row, scrolling there first so that a virtual list has drawn it.
fn focus_row(idx: usize) {
    let find = move || {
        let main = document().get_element_by_id(MAIN)?;
        let row = main.query_selector(&format!("[data-row='{idx}']")).ok()??;
        row.dyn_into::<web_sys::HtmlElement>().ok()
    };
    request_animation_frame(move || {
        if let Some(row) = find() {
            let _ = row.focus();
            let options = web_sys::ScrollIntoViewOptions::new();
            options.set_block(web_sys::ScrollLogicalPosition::Nearest);
            row.scroll_into_view_with_scroll_into_view_options(&options);
        }
    });
}
