//! The queue: what plays, what was added by hand, what comes from the context.

use ::ipc::{
    Context, EntryId, QueueClear, QueueGet, QueueMove, QueuePlay, QueueRemove, QueueRow, QueueView,
};
use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;

use crate::{
    format::{clock, thousands},
    icons::{Glyph, Icon},
    overlay::{MenuItem, Overlays},
    parts::{
        cover::CoverImage,
        credits::Credits,
        menu::{open_at, track_items},
        states::{EmptyState, row_skeletons},
    },
    remote::{ask, show},
    route::Router,
    state::{State, state},
};

/// How much of the queue is shown; nobody reorders further down by hand.
const ROWS_MAX: u32 = 200;
/// Height of a row in CSS pixels, as the style sheet has it.
const ROW_PX: i32 = 52;

/// A drag of one row.
#[derive(Clone, Copy)]
struct Drag {
    entry: EntryId,
    from_idx: usize,
    start_y: i32,
    now_y: i32,
}

impl Drag {
    /// Where the row would land among `n_rows`.
    fn to_idx(self, n_rows: usize) -> usize {
        let moved = (f64::from(self.now_y - self.start_y) / f64::from(ROW_PX)).round() as isize;
        self.from_idx.saturating_add_signed(moved).min(n_rows.saturating_sub(1))
    }
}

/// What the rows of one queue share.
#[derive(Clone, Copy)]
struct Handle {
    rows: StoredValue<Vec<QueueRow>>,
    drag: RwSignal<Option<Drag>>,
    /// A row that was moved by keys and keeps the focus where it lands.
    kept: StoredValue<Option<EntryId>>,
    state: State,
}

impl Handle {
    /// Moves a row so that it stands at `to_idx`.
    fn put(self, from_idx: usize, to_idx: usize) {
        if from_idx == to_idx {
            return;
        }
        let call = self.rows.with_value(|rows| {
            let entry = rows.get(from_idx)?.entry;
            // Going down, the row itself leaves a gap above its new neighbour.
            let before_idx = if to_idx > from_idx { to_idx + 1 } else { to_idx };
            Some(QueueMove { entry, before: rows.get(before_idx).map(|row| row.entry) })
        });
        if let Some(call) = call {
            self.state.send(call);
        }
    }

    fn remove(self, entry: EntryId) {
        self.state.send_undoable(QueueRemove { entries: vec![entry] }, "Removed from the queue");
    }
}

/// The whole queue with its heading.
#[component]
pub fn QueueList() -> impl IntoView {
    let state = state();
    let source = ask(move || {
        state.queue_revision.track();
        // The current row changes without the queue changing.
        state.track.track();
        QueueGet { offset: 0, limit: ROWS_MAX }
    });
    let kept = StoredValue::new(None);
    let skeleton = || row_skeletons(6);
    view! { <div class="queue">{show(source, skeleton, move |queue| view! { <Rows queue=queue kept=kept/> }.into_any())}</div> }
}

#[component]
fn Rows(queue: QueueView, kept: StoredValue<Option<EntryId>>) -> impl IntoView {
    let state = state();
    let QueueView { context, current, upcoming, n_upcoming, .. } = queue;
    let n_shown = upcoming.len();
    let n_hidden = u64::from(n_upcoming).saturating_sub(n_shown as u64);
    let n_added = upcoming.iter().filter(|row| row.is_added).count();
    let handle =
        Handle { rows: StoredValue::new(upcoming.clone()), drag: RwSignal::new(None), kept, state };
    let clear = move |_| state.send_undoable(QueueClear {}, "Queue cleared");
    let is_empty = current.is_none() && upcoming.is_empty();
    let row = move |(idx, row): (usize, QueueRow)| {
        view! { <Upcoming handle=handle idx=idx row=row/> }
    };
    let (added, rest): (Vec<_>, Vec<_>) =
        upcoming.into_iter().enumerate().partition(|(_, row)| row.is_added);
    view! {
        <div class="queue-head">
            <h2>"Queue"</h2>
            {(n_upcoming > 0).then(|| view! {
                <button class="text-button" on:click=clear>"Clear"</button>
            })}
        </div>
        {is_empty.then(|| view! {
            <EmptyState icon=Glyph::ListMusic title="The queue is empty">
                <p>"Play something, or add tracks from their menu."</p>
            </EmptyState>
        })}
        {current.map(|row| view! {
            <h3>"Now playing"</h3>
            <Current row=row/>
        })}
        {(n_added > 0).then(|| view! {
            <h3>"Next in queue"</h3>
            <ul class="queue-rows">{added.into_iter().map(row).collect_view()}</ul>
        })}
        {(!rest.is_empty()).then(|| view! {
            <h3>{heading_of(context.as_ref())}</h3>
            <ul class="queue-rows">{rest.into_iter().map(row).collect_view()}</ul>
        })}
        {(n_hidden > 0).then(|| view! {
            <p class="muted queue-more">{format!("and {} more", thousands(n_hidden))}</p>
        })}
    }
}

fn heading_of(context: Option<&Context>) -> String {
    match context {
        Some(Context::Release { title: name, .. } | Context::Artist { name, .. }) => {
            format!("Next from {name}")
        }
        Some(Context::Search { query }) => format!("Next from “{query}”"),
        Some(Context::Library) => "Next from your library".into(),
        Some(Context::History) => "Next from what you played".into(),
        Some(Context::Queue) | None => "Next".into(),
    }
}

#[component]
fn Current(row: QueueRow) -> impl IntoView {
    let track = row.track;
    view! {
        <div class="queue-row current" aria-current="true">
            <CoverImage cover=track.cover size=40/>
            <div class="track-names">
                <span class="track-name">{track.title}</span>
                <Credits artists=track.artists/>
            </div>
            <span class="time">{clock(track.duration_ms)}</span>
        </div>
    }
}

#[component]
fn Upcoming(handle: Handle, idx: usize, row: QueueRow) -> impl IntoView {
    let Handle { state, drag, .. } = handle;
    let router = expect_context::<Router>();
    let overlays = expect_context::<Overlays>();
    let element = NodeRef::<html::Li>::new();
    let QueueRow { entry, track, .. } = row;
    Effect::new(move |_| {
        if let Some(element) = element.get()
            && handle.kept.get_value() == Some(entry)
        {
            handle.kept.set_value(None);
            let _ = element.focus();
        }
    });
    let title = track.title.clone();
    let play = move || state.send(QueuePlay { entry });
    let open_menu = {
        let track = track.clone();
        move |event: ev::MouseEvent| {
            let mut items = track_items(state, router, std::slice::from_ref(&track), play);
            items.push(MenuItem::new("Remove from queue", Glyph::Trash2, move || {
                handle.remove(entry);
            }));
            open_at(overlays, &event, items);
        }
    };
    let open_menu_too = open_menu.clone();
    let on_key = move |event: ev::KeyboardEvent| {
        let last_idx = handle.rows.with_value(Vec::len).saturating_sub(1);
        match event.key().as_str() {
            "ArrowUp" if event.alt_key() => {
                handle.kept.set_value(Some(entry));
                handle.put(idx, idx.saturating_sub(1));
            }
            "ArrowDown" if event.alt_key() => {
                handle.kept.set_value(Some(entry));
                handle.put(idx, (idx + 1).min(last_idx));
            }
            "ArrowUp" => focus_sibling(&event, -1),
            "ArrowDown" => focus_sibling(&event, 1),
            "Enter" => play(),
            "Delete" | "Backspace" => handle.remove(entry),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };
    let grab = move |event: ev::PointerEvent| {
        event.prevent_default();
        if let Some(target) =
            event.current_target().and_then(|t| t.dyn_into::<web_sys::Element>().ok())
        {
            // Without capture the drag ends at the edge of the handle; nothing breaks.
            let _ = target.set_pointer_capture(event.pointer_id());
        }
        let y = event.client_y();
        drag.set(Some(Drag { entry, from_idx: idx, start_y: y, now_y: y }));
    };
    let pull = move |event: ev::PointerEvent| {
        drag.update(|drag| {
            if let Some(drag) = drag {
                drag.now_y = event.client_y();
            }
        });
    };
    let drop = move |_| {
        if let Some(drag) = drag.get_untracked() {
            let n_rows = handle.rows.with_value(Vec::len);
            handle.put(drag.from_idx, drag.to_idx(n_rows));
        }
        drag.set(None);
    };
    // The dragged row follows the hand, those it passes make room.
    let shift_px = Memo::new(move |_| {
        let drag = drag.get()?;
        if drag.entry == entry {
            return Some(drag.now_y - drag.start_y);
        }
        let to_idx = drag.to_idx(handle.rows.with_value(Vec::len));
        if drag.from_idx < idx && idx <= to_idx {
            Some(-ROW_PX)
        } else if to_idx <= idx && idx < drag.from_idx {
            Some(ROW_PX)
        } else {
            Some(0)
        }
    });
    let is_dragged = move || drag.with(|drag| drag.is_some_and(|drag| drag.entry == entry));
    view! {
        <li
            node_ref=element
            class="queue-row"
            class:dragged=is_dragged
            class:gone=!track.is_available
            style:transform=move || shift_px.get().map(|px| format!("translateY({px}px)"))
            tabindex="0"
            aria-label=format!("{title} by {}", domain::music::credit(&track.artists))
            on:dblclick=move |_| play()
            on:contextmenu=open_menu
            on:keydown=on_key
        >
            <CoverImage cover=track.cover.clone() size=40/>
            <div class="track-names">
                <span class="track-name">{title.clone()}</span>
                <Credits artists=track.artists.clone() is_skipped=true/>
            </div>
            <span class="time">{clock(track.duration_ms)}</span>
            <button
                class="icon-button small queue-more-button"
                tabindex="-1"
                aria-haspopup="menu"
                aria-label=format!("More about {title}")
                on:click=open_menu_too
            >
                <Icon icon=Glyph::Ellipsis/>
            </button>
            <span
                class="grip"
                aria-hidden="true"
                on:pointerdown=grab
                on:pointermove=pull
                on:pointerup=drop
                on:pointercancel=move |_| drag.set(None)
            >
                <Icon icon=Glyph::GripVertical/>
            </span>
        </li>
    }
}

fn focus_sibling(event: &ev::KeyboardEvent, step: i32) {
    let row = event.current_target().and_then(|t| t.dyn_into::<web_sys::Element>().ok());
    let sibling = row.and_then(|row| match step {
        1 => row.next_element_sibling(),
        _ => row.previous_element_sibling(),
    });
    if let Some(sibling) = sibling.and_then(|s| s.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = sibling.focus();
    }
}
