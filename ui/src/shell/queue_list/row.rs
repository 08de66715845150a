//! One row of what comes.

use ::ipc::{QueuePlay, QueueRow};
use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;

use super::handle::Handle;
use crate::{
    format::clock,
    icons::{Glyph, Icon},
    overlay::{Menu, MenuItem, Overlays},
    parts::{
        cover::CoverImage,
        credits::Credits,
        menu::{items::track_items, open_at},
        press::is_touch,
    },
    route::Router,
    state::state,
};

/// A row that plays, moves and goes.
#[component]
pub fn Upcoming(
    handle: Handle,
    /// Its place among all that comes.
    idx: usize,
    row: QueueRow,
) -> impl IntoView {
    let (state, router) = (state(), expect_context::<Router>());
    let overlays = expect_context::<Overlays>();
    let element = NodeRef::<html::Div>::new();
    let QueueRow { entry, track, .. } = row;
    Effect::new(move |_| {
        if let Some(element) = element.get()
            && handle.takes_focus(entry, idx)
        {
            let _ = element.focus();
        }
    });
    let title = track.title.clone();
    let play = move || state.send(QueuePlay { entry });
    let items = {
        let track = track.clone();
        move || {
            let mut items = track_items(state, router, &track, play);
            items.push(MenuItem::new("Remove from queue", Glyph::Trash2, move || {
                handle.remove(entry);
            }));
            items
        }
    };
    let items = StoredValue::new(items);
    let open_menu =
        move |event: ev::MouseEvent| open_at(overlays, &event, items.with_value(|items| items()));
    let on_key = move |event: ev::KeyboardEvent| {
        match event.key().as_str() {
            "ArrowUp" if event.alt_key() => handle.push(entry, idx, -1),
            "ArrowDown" if event.alt_key() => handle.push(entry, idx, 1),
            "ArrowUp" if !event.ctrl_key() => handle.walk(&event, |now, _| now.saturating_sub(1)),
            "ArrowDown" if !event.ctrl_key() => handle.walk(&event, |now, _| now + 1),
            "PageUp" => handle.walk(&event, |now, _| now.saturating_sub(10)),
            "PageDown" => handle.walk(&event, |now, _| now + 10),
            "Home" => handle.walk(&event, |_, _| 0),
            "End" => handle.walk(&event, |_, last| last),
            "Enter" => play(),
            "Delete" | "Backspace" => handle.remove_focused(entry, idx, &event),
            "ContextMenu" => open_below(overlays, &event, items.with_value(|items| items())),
            "F10" if event.shift_key() => {
                open_below(overlays, &event, items.with_value(|items| items()));
            }
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };
    let on_click = move |event: ev::MouseEvent| {
        handle.set_focused(idx);
        // A link in the row may have been followed.
        if is_touch() && !event.default_prevented() {
            play();
        }
    };
    let shift_px = Memo::new(move |_| handle.shift_px(idx));
    view! {
        <div
            node_ref=element
            role="listitem"
            class="queue-row"
            class:dragged=move || handle.is_dragged(entry)
            class:gone=!track.is_available
            data-place=idx
            style:transform=move || shift_px.get().map(|px| format!("translateY({px}px)"))
            tabindex=move || if handle.is_tab_stop(idx) { "0" } else { "-1" }
            aria-label=format!("{title} by {}", domain::music::credit(&track.artists))
            on:click=on_click
            on:dblclick=move |_| play()
            on:contextmenu=open_menu
            on:focus=move |_| handle.set_focused(idx)
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
                on:click=open_menu
            >
                <Icon icon=Glyph::Ellipsis/>
            </button>
            <span
                class="grip"
                aria-hidden="true"
                on:pointerdown=move |event| handle.grab(entry, &event)
                on:click=move |event| event.stop_propagation()
            >
                <Icon icon=Glyph::GripVertical/>
            </span>
        </div>
    }
}

/// Opens a menu at the row that has the focus.
fn open_below(overlays: Overlays, event: &ev::KeyboardEvent, items: Vec<MenuItem>) {
    let row = event.current_target().and_then(|t| t.dyn_into::<web_sys::Element>().ok());
    if let Some(rect) = row.map(|row| row.get_bounding_client_rect()) {
        let (x, y) = (rect.left() as i32 + 48, rect.bottom() as i32 - 8);
        overlays.menu.set(Some(Menu { x, y, items }));
    }
}
