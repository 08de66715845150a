//! The queue: what plays, what was added by hand, what comes from the context.

use ::ipc::{Context, QueueClear, QueueRow};
use leptos::{ev, prelude::*};

use crate::{
    format::clock,
    icons::Glyph,
    overlay::Overlays,
    parts::{
        cover::CoverImage,
        credits::Credits,
        menu::{items::current_items, open_at},
        states::{EmptyState, ErrorState, row_skeleton, row_skeletons},
        virtual_list::VirtualList,
    },
    remote::Remote,
    route::Router,
    state::state,
};

mod handle;
mod pages;
mod row;

use handle::Handle;
use pages::Pages;
use row::Upcoming;

/// Height of a row in CSS pixels, as the style sheet has it.
const ROW_PX: i32 = 52;

/// The whole queue with its heading.
#[component]
pub fn QueueList() -> impl IntoView {
    let state = state();
    let pages = Pages::start(state);
    let handle = Handle::start(pages, state);
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
    let state = state();
    let (n_upcoming, n_added) = (pages.n_upcoming, pages.n_added);
    let n_rest = Memo::new(move |_| n_upcoming.get().saturating_sub(n_added.get()));
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
    let part = move |part_idx: usize, first: Memo<usize>, n_rows: Memo<usize>| {
        let row = Callback::new(move |idx: usize| {
            // With its place, which changes as rows are added before it.
            let row = Memo::new(move |_| {
                let idx = first.get() + idx;
                pages.rows.with(|rows| rows.get(idx).cloned()).map(|row| (idx, row))
            });
            let view = move || match row.get() {
                Some((idx, row)) => view! { <Upcoming handle=handle idx=idx row=row/> }.into_any(),
                None => row_skeleton(),
            };
            view.into_any()
        });
        let want = Callback::new(move |_| pages.ask_for_sight());
        view! {
            <div class="queue-rows" role="list">
                <VirtualList
                    n_rows=n_rows
                    row_px=Signal::stored(f64::from(ROW_PX))
                    on_want=want
                    row=row
                    drawn=pages.drawn[part_idx]
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
            {part(0, zero, n_added)}
        </Show>
        <Show when=move || { n_rest.get() > 0 }>
            <h3>{heading}</h3>
            {part(1, n_added, n_rest)}
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
    let (state, router) = (state(), expect_context::<Router>());
    let overlays = expect_context::<Overlays>();
    let track = row.track;
    let open_menu = {
        let track = track.clone();
        move |event: ev::MouseEvent| {
            open_at(overlays, &event, current_items(state, router, &track));
        }
    };
    view! {
        <div class="queue-row current" aria-current="true" on:contextmenu=open_menu>
            <CoverImage cover=track.cover size=40/>
            <div class="track-names">
                <span class="track-name">{track.title}</span>
                <Credits artists=track.artists/>
            </div>
            <span class="time">{clock(track.duration_ms)}</span>
        </div>
    }
}
