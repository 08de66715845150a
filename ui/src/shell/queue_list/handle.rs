//! Moving, removing and walking rows of a queue.

use ::ipc::{EntryId, QueueMove, QueueRemove, QueueRow};
use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;

use super::{ROW_PX, pages::Pages};
use crate::{
    parts::{
        rows::Rows,
        virtual_list::{Spot, focus_in_list, tab_stop},
    },
    state::State,
};

/// A drag of one row.
#[derive(Clone, Copy)]
struct Drag {
    entry: EntryId,
    start_y: i32,
    now_y: i32,
}

/// Where a dragged row is on its way. The queue may move on under it, so it is looked up by its
/// entry.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Flight {
    pub entry: EntryId,
    pub from_idx: usize,
    pub to_idx: usize,
    pub moved_px: i32,
}

impl Flight {
    /// How far the row at `idx` moves aside.
    fn shift_px(self, idx: usize) -> i32 {
        if self.from_idx == idx {
            self.moved_px
        } else if self.from_idx < idx && idx <= self.to_idx {
            -ROW_PX
        } else if self.to_idx <= idx && idx < self.from_idx {
            ROW_PX
        } else {
            0
        }
    }
}

/// The row that gets the focus once it is drawn anew.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    Entry(EntryId),
    Place(usize),
}

/// What the rows of one queue share.
#[derive(Clone, Copy)]
pub struct Handle {
    pages: Pages,
    drag: RwSignal<Option<Drag>>,
    flight: Memo<Option<Flight>>,
    kept: StoredValue<Option<Kept>>,
    /// The row arrow keys move from, counted over both parts.
    focused: RwSignal<usize>,
    /// The one row the tab key reaches.
    tab_row: Memo<usize>,
    state: StoredValue<State>,
}

impl Handle {
    pub fn start(pages: Pages, state: State) -> Self {
        let drag = RwSignal::new(None);
        let focused = RwSignal::new(0);
        let handle = Self {
            pages,
            drag,
            flight: Memo::new(move |_| {
                let drag = drag.get()?;
                pages.rows.with(|rows| flight_of(drag, rows))
            }),
            kept: StoredValue::new(None),
            focused,
            tab_row: Memo::new(move |_| {
                let (focused, n_added) = (focused.get(), pages.n_added.get());
                let [added, rest] = pages.drawn.map(|drawn| drawn.get());
                let is_in_rest = focused >= n_added && focused - n_added < rest.1;
                if n_added > 0 && !is_in_rest {
                    tab_stop(focused, added).min(n_added - 1)
                } else {
                    n_added + tab_stop(focused.saturating_sub(n_added), rest)
                }
            }),
            state: StoredValue::new(state),
        };
        handle.follow_pointer();
        handle
    }

    /// A row that is dragged may be drawn anew meanwhile, so it cannot listen itself.
    fn follow_pointer(self) {
        let moved = window_event_listener(ev::pointermove, move |event| {
            if self.drag.with_untracked(Option::is_some) {
                self.drag.update(|drag| {
                    if let Some(drag) = drag {
                        drag.now_y = event.client_y();
                    }
                });
            }
        });
        let dropped = window_event_listener(ev::pointerup, move |_| self.drop());
        let cancelled = window_event_listener(ev::pointercancel, move |_| self.drag.set(None));
        on_cleanup(move || {
            moved.remove();
            dropped.remove();
            cancelled.remove();
        });
    }

    pub fn grab(self, entry: EntryId, event: &ev::PointerEvent) {
        event.prevent_default();
        let y = event.client_y();
        self.drag.set(Some(Drag { entry, start_y: y, now_y: y }));
    }

    fn drop(self) {
        if self.drag.with_untracked(Option::is_none) {
            return;
        }
        if let Some(flight) = self.flight.get_untracked() {
            self.put(flight.from_idx, flight.to_idx);
        }
        self.drag.set(None);
    }

    pub fn is_dragged(self, entry: EntryId) -> bool {
        self.flight.with(|flight| flight.is_some_and(|flight| flight.entry == entry))
    }

    /// How far a row stands from its place while one is dragged.
    pub fn shift_px(self, idx: usize) -> Option<i32> {
        self.flight.get().map(|flight| flight.shift_px(idx))
    }

    /// Moves a row so that it stands at `to_idx`.
    fn put(self, from_idx: usize, to_idx: usize) {
        if from_idx == to_idx {
            return;
        }
        let moving = self.pages.rows.with_untracked(|rows| {
            let row = rows.get(from_idx)?;
            // Going down, the row itself leaves a gap above its new neighbour.
            let before_idx = if to_idx > from_idx { to_idx + 1 } else { to_idx };
            let before = rows.get(before_idx).map(|row| row.entry);
            // A neighbour that is not here is not the end of the queue.
            (before.is_some() || before_idx >= rows.len())
                .then(|| (QueueMove { entry: row.entry, before }, row.track.title.clone()))
        });
        if let Some((call, title)) = moving {
            self.state.get_value().send_undoable(call, format!("Moved “{title}”"));
        }
    }

    /// Moves a row by keys; it keeps the focus.
    pub fn push(self, entry: EntryId, idx: usize, step: isize) {
        let last_idx = self.pages.n_upcoming.get_untracked().saturating_sub(1);
        let to_idx = idx.saturating_add_signed(step).min(last_idx);
        self.kept.set_value(Some(Kept::Entry(entry)));
        self.focused.set(to_idx);
        self.put(idx, to_idx);
    }

    pub fn remove(self, entry: EntryId) {
        self.state
            .get_value()
            .send_undoable(QueueRemove { entries: vec![entry] }, "Removed from the queue");
    }

    /// Removes a row by keys; the one that takes its place gets the focus.
    pub fn remove_focused(self, entry: EntryId, idx: usize, event: &ev::KeyboardEvent) {
        if idx + 1 < self.pages.n_upcoming.get_untracked() {
            self.kept.set_value(Some(Kept::Place(idx)));
        } else {
            self.walk(event, |_, _| idx.saturating_sub(1));
        }
        self.remove(entry);
    }

    /// Whether a row that has just been drawn is the one to get the focus.
    pub fn takes_focus(self, entry: EntryId, idx: usize) -> bool {
        let kept = self.kept.get_value();
        let is_kept = kept == Some(Kept::Entry(entry)) || kept == Some(Kept::Place(idx));
        if is_kept {
            self.kept.set_value(None);
        }
        is_kept
    }

    pub fn is_tab_stop(self, idx: usize) -> bool {
        self.tab_row.get() == idx
    }

    pub fn set_focused(self, idx: usize) {
        self.focused.set(idx);
    }

    /// Moves the focus of the queue in which the event is from one row to another.
    pub fn walk(self, event: &ev::KeyboardEvent, to: impl Fn(usize, usize) -> usize) {
        let root = event
            .current_target()
            .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
            .and_then(|row| row.closest(".queue").ok().flatten());
        let Some(root) = root else { return };
        let last_idx = self.pages.n_upcoming.get_untracked().saturating_sub(1);
        let idx = to(self.focused.get_untracked(), last_idx).min(last_idx);
        self.focused.set(idx);
        let is_wanted = move || self.focused.try_get_untracked() == Some(idx);
        focus_in_list(root, format!("[data-place='{idx}']"), self.spot(idx), is_wanted);
    }

    fn spot(self, idx: usize) -> Spot {
        let n_added = self.pages.n_added.get_untracked();
        let n_rest = self.pages.n_upcoming.get_untracked() - n_added;
        if idx < n_added {
            Spot { list_idx: 0, row_idx: idx, n_rows: n_added }
        } else {
            // The list of what was added is there only where something was.
            Spot { list_idx: u32::from(n_added > 0), row_idx: idx - n_added, n_rows: n_rest }
        }
    }
}

fn flight_of(drag: Drag, rows: &Rows<QueueRow>) -> Option<Flight> {
    let (from_idx, _) = rows.here().find(|(_, row)| row.entry == drag.entry)?;
    let moved_px = drag.now_y - drag.start_y;
    let moved = (f64::from(moved_px) / f64::from(ROW_PX)).round() as isize;
    let to_idx = from_idx.saturating_add_signed(moved).min(rows.len().saturating_sub(1));
    Some(Flight { entry: drag.entry, from_idx, to_idx, moved_px })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_between_make_room() {
        let down = Flight { entry: EntryId(7), from_idx: 2, to_idx: 4, moved_px: 100 };
        let shifts: Vec<i32> = (1..6).map(|idx| down.shift_px(idx)).collect();
        assert_eq!(shifts, [0, 100, -ROW_PX, -ROW_PX, 0]);
        let up = Flight { entry: EntryId(7), from_idx: 3, to_idx: 2, moved_px: -50 };
        let shifts: Vec<i32> = (1..5).map(|idx| up.shift_px(idx)).collect();
        assert_eq!(shifts, [0, ROW_PX, -50, 0]);
    }
}
