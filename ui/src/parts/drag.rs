//! Dragging tracks and releases into the queue with the mouse. By keyboard and by touch the menu
//! does the same.

use ::ipc::{Placement, Selection};
use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;

use crate::{
    format::count,
    icons::{Glyph, Icon},
    state::State,
};

/// A press that moves less than this is a click.
const SLACK_PX: i32 = 6;

/// Marks what takes a drop, with this value.
pub const DROP: &str = "queue";

/// What is dragged.
#[derive(Clone)]
struct Load {
    selection: Selection,
    n_tracks: u64,
    name: String,
}

/// A press that may become a drag.
#[derive(Clone)]
struct Drag {
    load: Load,
    start: (i32, i32),
    now: (i32, i32),
    is_moving: bool,
    is_over_queue: bool,
}

/// The drag that is on.
#[derive(Clone, Copy)]
pub struct Drags(RwSignal<Option<Drag>>);

impl Drags {
    /// Follows the pointer; to be called once.
    pub fn start(state: State) -> Self {
        let drags = Self(RwSignal::new(None));
        let moved = window_event_listener(ev::pointermove, move |event| drags.follow(&event));
        let dropped = window_event_listener(ev::pointerup, move |_| drags.drop_into(state));
        let cancelled = window_event_listener(ev::pointercancel, move |_| drags.0.set(None));
        let escaped = window_event_listener(ev::keydown, move |event| {
            if event.key() == "Escape" && drags.0.with_untracked(Option::is_some) {
                drags.0.set(None);
            }
        });
        on_cleanup(move || {
            moved.remove();
            dropped.remove();
            cancelled.remove();
            escaped.remove();
        });
        drags
    }

    /// Gets ready to drag, where the main button of a mouse or a pen is pressed.
    pub fn press(
        self,
        event: &ev::PointerEvent,
        selection: Selection,
        n_tracks: u64,
        name: String,
    ) {
        if event.button() != 0 || event.pointer_type() == "touch" || n_tracks == 0 {
            return;
        }
        let at = (event.client_x(), event.client_y());
        let load = Load { selection, n_tracks, name };
        let drag = Drag { load, start: at, now: at, is_moving: false, is_over_queue: false };
        self.0.set(Some(drag));
    }

    pub fn is_moving(self) -> bool {
        self.0.with(|drag| drag.as_ref().is_some_and(|drag| drag.is_moving))
    }

    fn follow(self, event: &ev::PointerEvent) {
        if self.0.with_untracked(Option::is_none) {
            return;
        }
        if event.buttons() & 1 == 0 {
            // It was let go outside the window.
            self.0.set(None);
            return;
        }
        let now = (event.client_x(), event.client_y());
        let is_far = self.0.with_untracked(|drag| {
            drag.as_ref().is_some_and(|drag| {
                let (x, y) = drag.start;
                drag.is_moving || (now.0 - x).abs().max((now.1 - y).abs()) > SLACK_PX
            })
        });
        if !is_far {
            return;
        }
        let is_over_queue = is_queue_at(now);
        self.0.update(|drag| {
            if let Some(drag) = drag {
                (drag.now, drag.is_moving, drag.is_over_queue) = (now, true, is_over_queue);
            }
        });
    }

    fn drop_into(self, state: State) {
        let Some(drag) = self.0.get_untracked() else { return };
        self.0.set(None);
        if drag.is_moving && drag.is_over_queue {
            state.enqueue(drag.load.selection, drag.load.n_tracks, Placement::Last);
        }
    }
}

fn is_queue_at((x, y): (i32, i32)) -> bool {
    document()
        .element_from_point(x as f32, y as f32)
        .and_then(|element| element.closest(&format!("[data-drop='{DROP}']")).ok().flatten())
        .is_some_and(|target| target.is_instance_of::<web_sys::Element>())
}

/// What is dragged, beside the pointer.
#[component]
pub fn DragLayer() -> impl IntoView {
    let Drags(drag) = expect_context();
    let shown = Memo::new(move |_| {
        drag.with(|drag| {
            let drag = drag.as_ref().filter(|drag| drag.is_moving)?;
            let text = match drag.load.n_tracks {
                1 => drag.load.name.clone(),
                n if drag.load.name.is_empty() => count(n, "track"),
                n => format!("{} · {}", drag.load.name, count(n, "track")),
            };
            Some((text, drag.is_over_queue))
        })
    });
    let place = move || {
        let (x, y) = drag.with(|drag| drag.as_ref().map_or((0, 0), |drag| drag.now));
        // Never beyond the right edge; the width is the style sheet's.
        format!("translate(min({}px, 100vw - 288px), {}px)", x + 14, y + 10)
    };
    move || {
        shown.get().map(|(text, is_over)| {
            let icon = if is_over { Glyph::ListEnd } else { Glyph::Music };
            view! {
                <div class="drag-ghost" class:over=is_over aria-hidden="true" style:transform=place>
                    <Icon icon=icon/>
                    <span>{text}</span>
                </div>
            }
        })
    }
}
