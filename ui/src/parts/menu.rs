//! The context menu: the same by right click, long press, the `…` button and Shift+F10.

use leptos::{ev, html, prelude::*};
use wasm_bindgen::JsCast;

use crate::{
    focus::{focused, rescue_focus},
    icons::Icon,
    overlay::{Menu, MenuItem, Overlays},
};

pub mod items;

/// Keeps the menu this far from the window's edges.
const MARGIN_PX: i32 = 8;

/// The open menu, if any. Focus goes into it and back to where it was.
#[component]
pub fn MenuLayer() -> impl IntoView {
    let overlays = expect_context::<Overlays>();
    move || overlays.menu.get().map(|menu| view! { <MenuBox menu=menu/> })
}

#[component]
fn MenuBox(menu: Menu) -> impl IntoView {
    let overlays = expect_context::<Overlays>();
    let list = NodeRef::<html::Div>::new();
    let before = focused();
    let before = StoredValue::new_local(before);
    let place = RwSignal::new((menu.x, menu.y));
    let close = move || {
        overlays.menu.set(None);
        rescue_focus(before.try_with_value(Clone::clone).flatten());
    };
    Effect::new(move |_| {
        if let Some(list) = list.get() {
            let rect = list.get_bounding_client_rect();
            let limit =
                |edge: Option<f64>, size: f64| (edge.unwrap_or_default() - size) as i32 - MARGIN_PX;
            let width = window().inner_width().ok().and_then(|w| w.as_f64());
            let height = window().inner_height().ok().and_then(|h| h.as_f64());
            place.update(|(x, y)| {
                *x = (*x).min(limit(width, rect.width())).max(MARGIN_PX);
                // Where it does not fit below its point, it grows upwards from there.
                if *y > limit(height, rect.height()) {
                    *y -= rect.height() as i32;
                }
                *y = (*y).max(MARGIN_PX).min(limit(height, rect.height()).max(MARGIN_PX));
            });
            focus_item(&list, 0);
        }
    });
    let on_key = move |event: ev::KeyboardEvent| {
        event.stop_propagation();
        let Some(list) = list.get_untracked() else { return };
        let (n_items, now) = (list.child_element_count(), focused_idx(&list));
        match event.key().as_str() {
            "ArrowDown" => focus_item(&list, (now + 1) % n_items.max(1)),
            "ArrowUp" => focus_item(&list, (now + n_items.max(1) - 1) % n_items.max(1)),
            "Home" => focus_item(&list, 0),
            "End" => focus_item(&list, n_items.saturating_sub(1)),
            "Escape" | "Tab" => close(),
            _ => return,
        }
        event.prevent_default();
    };
    let items = menu.items.into_iter().map(|item| {
        let run = move |_| {
            close();
            item.run.run(());
        };
        view! {
            <button
                class="menu-item"
                role=if item.is_chosen.is_some() { "menuitemradio" } else { "menuitem" }
                aria-checked=item.is_chosen.map(|is_chosen| is_chosen.to_string())
                tabindex="-1"
                on:click=run
            >
                <Icon icon=item.icon/>
                <span>{item.label}</span>
            </button>
        }
    });
    view! {
        <div
            class="menu-backdrop"
            on:pointerdown=move |_| close()
            on:contextmenu=move |event| event.prevent_default()
        ></div>
        <div
            node_ref=list
            class="menu"
            role="menu"
            style:left=move || format!("{}px", place.get().0)
            style:top=move || format!("{}px", place.get().1)
            on:keydown=on_key
        >
            {items.collect_view()}
        </div>
    }
}

fn focused_idx(list: &web_sys::Element) -> u32 {
    let active = document().active_element();
    let children = list.children();
    (0..children.length()).find(|idx| children.item(*idx) == active).unwrap_or(0)
}

fn focus_item(list: &web_sys::Element, idx: u32) {
    if let Some(item) =
        list.children().item(idx).and_then(|i| i.dyn_into::<web_sys::HtmlElement>().ok())
    {
        let _ = item.focus();
    }
}

/// Opens a menu where the pointer is, or under the control that has the focus.
pub fn open_at(overlays: Overlays, event: &ev::MouseEvent, items: Vec<MenuItem>) {
    event.prevent_default();
    event.stop_propagation();
    let (x, y) = point_of(event);
    overlays.menu.set(Some(Menu { x, y, items }));
}

/// Where a menu opened by this event grows from.
pub fn point_of(event: &ev::MouseEvent) -> (i32, i32) {
    let is_by_keyboard = event.client_x() == 0 && event.client_y() == 0 || event.detail() == 0;
    let below = event
        .current_target()
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok())
        .map(|element| element.get_bounding_client_rect());
    match below {
        Some(rect) if is_by_keyboard && event.type_() != "contextmenu" => {
            (rect.left() as i32, rect.bottom() as i32 + 4)
        }
        _ => (event.client_x(), event.client_y()),
    }
}
