//! Where the focus is, how it got there, and where it goes when what had it is gone.

use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;

use crate::{hear::hear_first, route::MAIN};

/// Whether the focus came where it is by keys or by the pointer. The browser's `:focus-visible`
/// cannot tell inside a key's own event: that key may already have changed it.
#[derive(Clone, Copy)]
pub struct Modality(StoredValue<bool>);

impl Modality {
    /// Follows keys and pointer; to be called once.
    pub fn start() -> Self {
        let is_by_keys = StoredValue::new(false);
        hear_first("mousedown", move |_: ev::MouseEvent| is_by_keys.set_value(false));
        hear_first("keydown", move |event: ev::KeyboardEvent| {
            let is_moving = matches!(
                event.key().as_str(),
                "Tab" | "ArrowUp" | "ArrowDown" | "PageUp" | "PageDown" | "Home" | "End"
            );
            if is_moving && !event.ctrl_key() {
                is_by_keys.set_value(true);
            }
        });
        Self(is_by_keys)
    }

    pub fn is_by_keys(self) -> bool {
        self.0.get_value()
    }
}

/// What has the focus.
pub fn focused() -> Option<web_sys::HtmlElement> {
    document().active_element().and_then(|element| element.dyn_into().ok())
}

/// Once the screen is drawn anew: gives a focus that is nowhere to `wanted`, or to the page.
pub fn rescue_focus(wanted: Option<web_sys::HtmlElement>) {
    request_animation_frame(move || {
        if let Some(wanted) = wanted.filter(|_| is_lost()) {
            // An element that is gone takes no focus.
            let _ = wanted.focus();
        }
        let main = document().get_element_by_id(MAIN);
        if let Some(main) = main.filter(|_| is_lost())
            && let Ok(main) = main.dyn_into::<web_sys::HtmlElement>()
        {
            let _ = main.focus();
        }
    });
}

fn is_lost() -> bool {
    focused().is_none_or(|element| element.tag_name() == "BODY")
}
