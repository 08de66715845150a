//! Tables of tracks: play from here, select many, menu, all by mouse, touch and keyboard.

use ::ipc::{Context, PlayerToggle, Selection};
use domain::{Track, TrackId};
use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;

use crate::{
    overlay::{Menu, MenuItem, Overlays},
    parts::{
        drag::Drags,
        menu::{
            items::{selection_items, track_items},
            open_at,
        },
        press::is_touch,
        rows::Rows,
        virtual_list::{Drawn, EVERY_ROW, Spot, focus_in_list, tab_stop},
    },
    route::{MAIN, Router},
    state::State,
};

mod chosen;
mod row;

pub use chosen::Chosen;
pub use row::{Columns, TableHead, TrackRow};

/// The longest context sent to the player row by row: what a queue holds.
const CONTEXT_MAX: usize = 50_000;

/// The part of a list that begins with the page of a row, where the player can ask for it itself.
type ListFrom = Callback<usize, Option<::ipc::ListQuery>>;

/// The rows of one table, what is selected in it, and what can be done.
#[derive(Clone, Copy)]
pub struct Table {
    pub rows: RwSignal<Rows<Track>>,
    pub selected: RwSignal<Chosen>,
    /// The row arrow keys move from.
    pub focused: RwSignal<usize>,
    /// Which rows are drawn, where not all are.
    pub drawn: RwSignal<Drawn>,
    /// The row the tab key reaches: the focused one where that is drawn.
    pub tab_row: Memo<usize>,
    /// How many rows can be reached; a shortened table has more.
    n_shown: Signal<usize>,
    /// Where a Shift-selection starts.
    anchor: StoredValue<usize>,
    context: StoredValue<Context>,
    /// Rows are a release in full, which the player can ask for itself.
    release: StoredValue<Option<Selection>>,
    /// Rows are the library's.
    list_from: Option<ListFrom>,
    /// Kept aside, so that handing a table on copies little.
    state: StoredValue<State>,
    router: StoredValue<Router>,
    overlays: StoredValue<Overlays>,
    drags: Drags,
}

/// What one action takes.
struct Lot {
    selection: Selection,
    n_tracks: u64,
    /// The track, where it is one.
    only: Option<Track>,
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

    /// Shows the first rows only.
    pub fn showing(self, n_shown: impl Into<Signal<usize>>) -> Self {
        Self { n_shown: n_shown.into(), ..self }
    }

    fn with_rows(rows: RwSignal<Rows<Track>>, context: Context) -> Self {
        let release = match &context {
            Context::Release { id, .. } => Some(Selection::Release { id: *id }),
            _ => None,
        };
        let (focused, drawn) = (RwSignal::new(0), RwSignal::new(EVERY_ROW));
        Self {
            rows,
            selected: RwSignal::default(),
            focused,
            drawn,
            tab_row: Memo::new(move |_| tab_stop(focused.get(), drawn.get())),
            n_shown: Signal::derive(move || rows.with(Rows::len)),
            anchor: StoredValue::new(0),
            context: StoredValue::new(context),
            release: StoredValue::new(release),
            list_from: None,
            state: StoredValue::new(expect_context()),
            router: StoredValue::new(expect_context()),
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
        let is_selected = self.selected.with_untracked(|selected| selected.contains(idx));
        let chosen = if is_selected { self.selected.get_untracked() } else { Chosen::only(idx) };
        let lot = self.lot(&chosen);
        let name = lot.only.map(|track| track.title).unwrap_or_default();
        self.drags.press(event, lot.selection, lot.n_tracks, name);
    }

    /// What an action on these rows acts on.
    fn lot(self, chosen: &Chosen) -> Lot {
        let whole = self.list_from.filter(|_| *chosen == Chosen::All);
        if let Some(query) = whole.and_then(|list_from| list_from.run(0)) {
            let n_tracks = self.n_rows() as u64;
            return Lot { selection: Selection::Library { query }, n_tracks, only: None };
        }
        self.rows.with_untracked(|rows| {
            let tracks: Vec<&Track> = rows
                .here()
                .filter_map(|(idx, track)| chosen.contains(idx).then_some(track))
                .collect();
            let ids = tracks.iter().map(|track| track.id).collect();
            let only = if let [track] = tracks[..] { Some(track.clone()) } else { None };
            Lot { selection: Selection::Tracks { ids }, n_tracks: tracks.len() as u64, only }
        })
    }

    /// Where a row stands below the head of a list that is never drawn in full.
    fn row_number(self, idx: usize) -> Option<usize> {
        self.list_from.map(|_| idx + 2)
    }

    fn n_rows(self) -> usize {
        self.n_shown.get_untracked()
    }

    /// A click selects; with Ctrl one more, with Shift all between. A touch plays.
    pub fn on_click(self, idx: usize, event: &ev::MouseEvent) {
        // A link in the row was followed.
        if event.default_prevented() {
            return;
        }
        self.focused.set(idx);
        if event.shift_key() {
            self.select_range(idx);
        } else if event.ctrl_key() || event.meta_key() {
            self.anchor.set_value(idx);
            self.rows.with_untracked(|rows| {
                let here = rows.here().map(|(idx, _)| idx);
                self.selected.update(|selected| selected.toggle(idx, here));
            });
        } else if is_touch() {
            self.play_from(idx);
        } else {
            self.select_only(idx);
        }
    }

    fn select_only(self, idx: usize) {
        self.anchor.set_value(idx);
        self.selected.set(Chosen::only(idx));
    }

    fn select_range(self, idx: usize) {
        let anchor = self.anchor.get_value();
        // Rows that are not here could not be acted on, so they do not look selected.
        let rows = self.rows.with_untracked(|rows| {
            (anchor.min(idx)..=anchor.max(idx)).filter(|idx| rows.get(*idx).is_some()).collect()
        });
        self.selected.set(Chosen::Rows(rows));
    }

    pub fn on_key(self, event: &ev::KeyboardEvent) {
        let is_on_row = event
            .target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
            .is_some_and(|target| target.has_attribute("data-row"));
        if !is_on_row {
            return;
        }
        let (idx, n_rows) = (self.focused.get_untracked(), self.n_rows());
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
                self.selected.set(match self.list_from {
                    Some(_) => Chosen::All,
                    None => Chosen::Rows((0..n_rows).collect()),
                });
            }
            "Escape" => self.selected.set(Chosen::default()),
            "F10" if event.shift_key() => self.open_menu_of_focused(event),
            "ContextMenu" => self.open_menu_of_focused(event),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    }

    fn move_to(self, idx: usize, is_extending: bool) {
        let idx = idx.min(self.n_rows().saturating_sub(1));
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
        let Some(main) = document().get_element_by_id(MAIN) else { return };
        let spot = Spot { list_idx: 0, row_idx: idx, n_rows: self.n_rows() };
        let is_wanted = move || self.focused.try_get_untracked() == Some(idx);
        focus_in_list(main, format!("[data-row='{idx}']"), spot, is_wanted);
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
        if !self.selected.with_untracked(|selected| selected.contains(idx)) {
            self.select_only(idx);
        }
        let lot = self.lot(&self.selected.get_untracked());
        let state = self.state.get_value();
        if let Some(track) = lot.only {
            let play = move || self.play_from(idx);
            return track_items(state, self.router.get_value(), &track, play);
        }
        let selection = lot.selection.clone();
        let play = move || {
            self.state.get_value().play(self.context.get_value(), selection.clone(), None);
        };
        selection_items(state, lot.selection, lot.n_tracks, play)
    }
}
