//! The queue: what plays, what was added by hand, what comes from the context.

use std::collections::BTreeSet;

use ::ipc::{
    Context, EntryId, QueueClear, QueueGet, QueueMove, QueuePlay, QueueRemove, QueueRow, QueueView,
};
use leptos::{ev, html, prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;

use crate::{
    format::clock,
    icons::{Glyph, Icon},
    ipc::invoke,
    overlay::{MenuItem, Overlays},
    parts::{
        cover::CoverImage,
        credits::Credits,
        menu::{open_at, track_items},
        rows::{PAGE_ROWS, Rows},
        states::{EmptyState, ErrorState, row_skeleton, row_skeletons},
        virtual_list::VirtualList,
    },
    remote::Remote,
    route::Router,
    state::{State, state},
};

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
    rows: RwSignal<Rows<QueueRow>>,
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
        let call = self.rows.with_untracked(|rows| {
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

/// What is asked for at a time.
fn page(page_idx: usize) -> QueueGet {
    QueueGet { offset: (page_idx * PAGE_ROWS) as u32, limit: PAGE_ROWS as u32 }
}

/// The queue as far as it was looked at.
#[derive(Clone, Copy)]
struct Pages {
    /// All but the rows.
    view: RwSignal<Remote<QueueView>>,
    rows: RwSignal<Rows<QueueRow>>,
    /// The page in sight.
    page_idx: RwSignal<usize>,
    asked: StoredValue<BTreeSet<usize>>,
    /// Rises when everything is asked for anew; older answers count for nothing then.
    epoch: RwSignal<u64>,
    state: State,
}

impl Pages {
    /// Asks now and whenever the queue changes. What is in sight stays until the answer comes.
    fn start(state: State) -> Self {
        let pages = Self {
            view: RwSignal::new(Remote::Loading),
            rows: RwSignal::default(),
            page_idx: RwSignal::new(0),
            asked: StoredValue::default(),
            epoch: RwSignal::new(0),
            state,
        };
        Effect::new(move |_| {
            state.queue_revision.track();
            // The current row changes without the queue changing.
            state.track.track();
            pages.refresh();
        });
        pages
    }

    fn refresh(self) {
        self.asked.update_value(BTreeSet::clear);
        self.epoch.update(|epoch| *epoch += 1);
        self.ask(self.page_idx.get_untracked());
    }

    /// Makes sure that the rows up to `idx`, the last in sight, come.
    fn want(self, idx: usize) {
        let page_idx = idx / PAGE_ROWS;
        self.page_idx.set(page_idx);
        for page_idx in page_idx.saturating_sub(1)..=page_idx {
            self.ask(page_idx);
        }
    }

    fn ask(self, page_idx: usize) {
        let is_new = self.asked.try_update_value(|asked| asked.insert(page_idx));
        if is_new != Some(true) {
            return;
        }
        let epoch = self.epoch.get_untracked();
        spawn_local(async move {
            let reply = invoke(page(page_idx)).await;
            if self.epoch.try_get_untracked() != Some(epoch) {
                return;
            }
            match reply {
                Ok(view) => self.take(page_idx, view),
                Err(fault) if self.view.with_untracked(|v| matches!(v, Remote::Ready(_))) => {
                    self.state.fail(fault);
                }
                Err(fault) => self.view.set(Remote::Failed(fault)),
            }
        });
    }

    fn take(self, page_idx: usize, mut view: QueueView) {
        let rows = std::mem::take(&mut view.upcoming);
        let is_first = self.asked.with_value(|asked| asked.len() == 1);
        let n_rows = view.n_upcoming as usize;
        self.rows.update(|all| {
            // After a change, rows of before stand for nothing.
            if is_first {
                *all = Rows::coming(n_rows);
            }
            all.end_at(n_rows);
            all.put(page_idx, rows);
        });
        // The queue has become shorter than what was in sight.
        if page_idx * PAGE_ROWS >= n_rows && page_idx > 0 {
            self.want(n_rows.saturating_sub(1));
        }
        let view = Remote::Ready(view);
        if self.view.with_untracked(|now| *now != view) {
            self.view.set(view);
        }
    }
}

/// The whole queue with its heading.
#[component]
pub fn QueueList() -> impl IntoView {
    let state = state();
    let pages = Pages::start(state);
    let handle =
        Handle { rows: pages.rows, drag: RwSignal::new(None), kept: StoredValue::new(None), state };
    // The rows of a queue that is there change by themselves.
    let face = Memo::new(move |_| {
        pages.view.with(|view| match view {
            Remote::Empty | Remote::Loading => Remote::Loading,
            Remote::Failed(fault) => Remote::Failed(fault.clone()),
            Remote::Ready(_) => Remote::Ready(()),
        })
    });
    let found = move || match face.get() {
        Remote::Empty | Remote::Loading => row_skeletons(6),
        Remote::Failed(fault) => {
            let retry = Callback::new(move |()| pages.refresh());
            view! { <ErrorState fault=fault on_retry=retry/> }.into_any()
        }
        Remote::Ready(()) => view! { <Whole pages=pages handle=handle/> }.into_any(),
    };
    view! { <div class="queue">{found}</div> }
}

#[component]
fn Whole(pages: Pages, handle: Handle) -> impl IntoView {
    let state = handle.state;
    let of = move |part: fn(&QueueView) -> usize| {
        Memo::new(move |_| {
            pages.view.with(|view| match view {
                Remote::Ready(view) => part(view),
                _ => 0,
            })
        })
    };
    let n_upcoming = of(|view| view.n_upcoming as usize);
    let n_added = of(|view| (view.n_added as usize).min(view.n_upcoming as usize));
    let n_rest = Memo::new(move |_| n_upcoming.get() - n_added.get());
    let current = Memo::new(move |_| {
        pages.view.with(|view| match view {
            Remote::Ready(view) => view.current.clone(),
            _ => None,
        })
    });
    let heading = Memo::new(move |_| {
        pages.view.with(|view| match view {
            Remote::Ready(view) => heading_of(view.context.as_ref()),
            _ => String::new(),
        })
    });
    let clear = move |_| state.send_undoable(QueueClear {}, "Queue cleared");
    let part = move |first: Memo<usize>, n_rows: Memo<usize>| {
        let row = Callback::new(move |idx: usize| {
            let row =
                Memo::new(move |_| handle.rows.with(|rows| rows.get(first.get() + idx).cloned()));
            let view = move || match row.get() {
                Some(row) => {
                    let idx = first.get_untracked() + idx;
                    view! { <Upcoming handle=handle idx=idx row=row/> }.into_any()
                }
                None => row_skeleton(),
            };
            view.into_any()
        });
        let want = Callback::new(move |idx| pages.want(first.get_untracked() + idx));
        view! {
            <div class="queue-rows" role="list">
                <VirtualList
                    n_rows=n_rows
                    row_px=Signal::stored(f64::from(ROW_PX))
                    on_want=want
                    row=row
                />
            </div>
        }
    };
    let zero = Memo::new(|_| 0);
    view! {
        <div class="queue-head">
            <h2>"Queue"</h2>
            <Show when=move || { n_upcoming.get() > 0 }>
                <button class="text-button" on:click=clear>"Clear"</button>
            </Show>
        </div>
        <Show when=move || current.with(Option::is_none) && n_upcoming.get() == 0>
            <EmptyState icon=Glyph::ListMusic title="The queue is empty">
                <p>"Play something, or drag tracks here."</p>
            </EmptyState>
        </Show>
        {move || current.get().map(|row| view! {
            <h3>"Now playing"</h3>
            <Current row=row/>
        })}
        <Show when=move || { n_added.get() > 0 }>
            <h3>"Next in queue"</h3>
            {part(zero, n_added)}
        </Show>
        <Show when=move || { n_rest.get() > 0 }>
            <h3>{heading}</h3>
            {part(n_added, n_rest)}
        </Show>
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
    let element = NodeRef::<html::Div>::new();
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
        let last_idx = handle.rows.with_untracked(Rows::len).saturating_sub(1);
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
            let n_rows = handle.rows.with_untracked(Rows::len);
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
        let to_idx = drag.to_idx(handle.rows.with_untracked(Rows::len));
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
        <div
            node_ref=element
            role="listitem"
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
        </div>
    }
}

fn focus_sibling(event: &ev::KeyboardEvent, step: i32) {
    let row = event.current_target().and_then(|t| t.dyn_into::<web_sys::Element>().ok());
    // Each row stands in a place of its own.
    let place = row.and_then(|row| row.parent_element());
    let sibling = place.and_then(|place| match step {
        1 => place.next_element_sibling(),
        _ => place.previous_element_sibling(),
    });
    let sibling = sibling.and_then(|place| place.first_element_child());
    if let Some(sibling) = sibling.and_then(|s| s.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = sibling.focus();
    }
}
