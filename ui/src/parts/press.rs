//! What a finger means: it plays where a click selects, and its long press opens the menu that
//! a right click opens.
//!
//! Not every platform's webview turns a long press into a `contextmenu` event, so this does, on
//! all of them alike.

use std::time::Duration;

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;

use crate::hear::hear_first;

/// How long a press is long.
const LONG: Duration = Duration::from_millis(500);

/// A finger that moves further scrolls.
const SLACK_PX: i32 = 10;

/// A finger on the glass.
#[derive(Clone, Copy)]
struct Press {
    timer: TimeoutHandle,
    at: (i32, i32),
}

/// Listens for long presses; to be called once.
pub fn listen() {
    let press = StoredValue::new(None::<Press>);
    let is_over = StoredValue::new(false);
    let forget = move || {
        if let Some(press) = press.try_update_value(Option::take).flatten() {
            press.timer.clear();
        }
    };
    let down = window_event_listener(ev::pointerdown, move |event| {
        forget();
        is_over.set_value(false);
        let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
        let Some(target) = target.filter(|_| event.pointer_type() == "touch") else { return };
        let at = (event.client_x(), event.client_y());
        let open = move || {
            press.set_value(None);
            is_over.set_value(open_menu(&target, at));
        };
        if let Ok(timer) = set_timeout_with_handle(open, LONG) {
            press.set_value(Some(Press { timer, at }));
        }
    });
    let moved = window_event_listener(ev::pointermove, move |event| {
        let (x, y) = (event.client_x(), event.client_y());
        let is_far = press.with_value(|press| {
            press.is_some_and(|press| (x - press.at.0).abs().max((y - press.at.1).abs()) > SLACK_PX)
        });
        if is_far {
            forget();
        }
    });
    let up = window_event_listener(ev::pointerup, move |_| forget());
    let cancelled = window_event_listener(ev::pointercancel, move |_| forget());
    // Where the webview has its own long press, one menu is enough.
    let opened = window_event_listener(ev::contextmenu, move |event| {
        forget();
        // A page has no menu of the browser's; text has. Ours, sent from here, ask who has one.
        if event.is_trusted() && !is_text(&event) {
            event.prevent_default();
        }
    });
    swallow_click(is_over);
    on_cleanup(move || {
        down.remove();
        moved.remove();
        up.remove();
        cancelled.remove();
        opened.remove();
    });
}

/// Whether somebody had a menu for it.
fn open_menu(target: &web_sys::Element, (x, y): (i32, i32)) -> bool {
    let init = web_sys::MouseEventInit::new();
    init.set_bubbles(true);
    init.set_cancelable(true);
    init.set_client_x(x);
    init.set_client_y(y);
    web_sys::MouseEvent::new_with_mouse_event_init_dict("contextmenu", &init)
        .and_then(|event| target.dispatch_event(&event))
        // False where somebody prevented the default, as those with a menu do.
        .is_ok_and(|is_unhandled| !is_unhandled)
}

/// The finger that opened the menu is lifted as if it had tapped; before anybody hears of it, it
/// is forgotten.
fn swallow_click(is_over: StoredValue<bool>) {
    hear_first("click", move |event: ev::MouseEvent| {
        if is_over.try_get_value() == Some(true) {
            is_over.set_value(false);
            event.prevent_default();
            event.stop_propagation();
        }
    });
}

fn is_text(event: &ev::MouseEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    target.is_some_and(|target| {
        matches!(target.closest("input, textarea, [contenteditable], code, pre"), Ok(Some(_)))
    })
}

/// Whether the pointer is a finger: rows then play at the first touch.
pub fn is_touch() -> bool {
    window()
        .match_media("(hover: none)")
        .is_ok_and(|query| query.is_some_and(|query| query.matches()))
}
