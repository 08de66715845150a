//! Tables of tracks: play from here, select many, menu, all by mouse, touch and keyboard.

use std::collections::BTreeSet;

use ::ipc::{Context, PlayerToggle, Selection};
use domain::{Track, TrackId};
use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;

use crate::{
    overlay::{Menu, MenuItem, Overlays},
    parts::{
        drag::Drags,
        menu::{open_at, track_items},
        rows::Rows,
        virtual_list::focus_in_list,
    },
    route::Router,
    state::State,
};

mod row;

pub use row::{Columns, TableHead, TrackRow};

/// The longest context sent to the player row by row: what a queue holds.
const CONTEXT_MAX: usize = 50_000;

/// The part of a list that begins with the page of a row, where the player can ask for it itself.
type ListFrom = Callback<usize, Option<::ipc::ListQuery>>;

/// The rows of one table, what is selected in it, and what can be done.
#[derive(Clone, Copy)]
pub struct Table {
    pub rows: RwSignal<Rows<Track>>,
    pub selected: RwSignal<BTreeSet<usize>>,
    /// The row the tab key reaches and arrow keys move.
    pub focused: RwSignal<usize>,
    /// Where a Shift-selection starts.
    anchor: StoredValue<usize>,
    context: StoredValue<Context>,
    /// Rows are a release in full, which the player can ask for itself.
    release: StoredValue<Option<Selection>>,
    /// Rows are the library's.
    list_from: Option<ListFrom>,
    /// Kept aside, so that handing a table on copies little.
    state: StoredValue<State>,
    router: Router,
    overlays: StoredValue<Overlays>,
    drags: Drags,
}

impl Table {
    /// A table of the library, of which the player asks for what is not here.
    pub fn of_library(rows: RwSignal<Rows<Track>>, list_from: ListFrom) -> Self {
        Self { list_from: Some(list_from), ..Self::with_rows(rows, Context::Library) }
    }

    /// A table that plays as `context`.
    pub fn new(tracks: Vec<Track>, context: Context) -> Self {
        Self::with_rows(RwSignal::new(Rows::from(tracks)), context)
    }

    fn with_rows(rows: RwSignal<Rows<Track>>, context: Context) -> Self {
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
            list_from: None,
            state: StoredValue::new(expect_context()),
            router: expect_context(),
            overlays: StoredValue::new(expect_context()),
            drags: expect_context(),
        }
    }

    /// Plays from a row on, with the table as the context.
    pub fn play_from(self, idx: usize) {
        let Some(start) = self.rows.with_untracked(|rows| rows.get(idx).map(|t| t.id)) else {
            return;
        };
        let listed = self.list_from.and_then(|list_from| list_from.run(idx));
        let selection = self
            .release
            .get_value()
            .or_else(|| listed.map(|query| Selection::Library { query }))
            .unwrap_or_else(|| self.around(idx));
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

    /// The rows here, without a gap, from some before the row on.
    fn around(self, idx: usize) -> Selection {
        self.rows.with_untracked(|rows| {
            let mut first = idx;
            while first > 0 && idx - first < CONTEXT_MAX / 2 && rows.get(first - 1).is_some() {
                first -= 1;
            }
            let ids: Vec<TrackId> =
                rows.here_from(first).take(CONTEXT_MAX).map(|track| track.id).collect();
            Selection::Tracks { ids }
        })
    }

    /// Gets ready to drag a row; the whole selection where the row is part of it.
    pub fn grab(self, idx: usize, event: &ev::PointerEvent) {
        let is_selected = self.selected.with_untracked(|selected| selected.contains(&idx));
        let tracks = if is_selected { self.selected_tracks() } else { self.track_at(idx) };
        let name = match tracks.as_slice() {
            [track] => track.title.clone(),
            _ => String::new(),
        };
        let ids: Vec<TrackId> = tracks.iter().map(|track| track.id).collect();
        let n_tracks = ids.len() as u64;
        self.drags.press(event, Selection::Tracks { ids }, n_tracks, name);
    }

    fn track_at(self, idx: usize) -> Vec<Track> {
        self.rows.with_untracked(|rows| rows.get(idx).cloned().into_iter().collect())
    }

    fn selected_tracks(self) -> Vec<Track> {
        self.rows.with_untracked(|rows| {
            self.selected
                .with_untracked(|s| s.iter().filter_map(|idx| rows.get(*idx).cloned()).collect())
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
        let (idx, n_rows) = (self.focused.get_untracked(), self.rows.with_untracked(Rows::len));
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
        let n_rows = self.rows.with_untracked(Rows::len);
        let idx = idx.min(n_rows.saturating_sub(1));
        if is_extending {
            self.select_range(idx);
        } else {
            self.select_only(idx);
        }
        self.focus(idx);
    }

    /// Selects a row and goes there.
    pub fn go_to(self, idx: usize) {
        self.move_to(idx, false);
    }

    fn focus(self, idx: usize) {
        self.focused.set(idx);
        let n_rows = self.rows.with_untracked(Rows::len);
        let is_wanted = move || self.focused.try_get_untracked() == Some(idx);
        focus_in_list(format!("[data-row='{idx}']"), (idx, n_rows), is_wanted);
    }

    /// The menu of a row; of the whole selection where the row is part of it.
    pub fn open_menu(self, idx: usize, event: &ev::MouseEvent) {
        let items = self.items(idx);
        open_at(self.overlays.get_value(), event, items);
    }

    fn open_menu_of_focused(self, event: &ev::KeyboardEvent) {
        let rect = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
            .map(|row| row.get_bounding_client_rect());
        if let Some(rect) = rect {
            let items = self.items(self.focused.get_untracked());
            let (x, y) = (rect.left() as i32 + 48, rect.bottom() as i32 - 8);
            self.overlays.get_value().menu.set(Some(Menu { x, y, items }));
        }
    }

    fn items(self, idx: usize) -> Vec<MenuItem> {
        if !self.selected.with_untracked(|selected| selected.contains(&idx)) {
            self.select_only(idx);
        }
        let tracks = self.selected_tracks();
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
