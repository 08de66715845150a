//! Lists of any length: only the rows in sight exist.

use leptos::{ev, html, prelude::*};
use wasm_bindgen::{JsCast, closure::Closure};

use crate::shell::MainWidth;

/// Rows kept ready above and below what is in sight.
const MARGIN_ROWS: usize = 8;

/// What is in sight, from the first row to the one after the last.
pub fn rows_in_sight(top_px: f64, height_px: f64, row_px: f64, n_rows: usize) -> (usize, usize) {
    let first = (top_px.max(0.0) / row_px) as usize;
    let last = ((top_px + height_px).max(0.0) / row_px).ceil() as usize;
    (first.saturating_sub(MARGIN_ROWS).min(n_rows), (last + MARGIN_ROWS).min(n_rows))
}

/// What scrolls.
const SCROLLERS: &str = "#main, .panel";

/// How often a row that is on its way is looked for, before the focus goes there, and how long.
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_millis(40);
const LOOKS_MAX: u32 = 200;

/// Which rows are drawn, from the first to the one after the last.
pub type Drawn = (usize, usize);

/// Of lists that draw all they have.
pub const EVERY_ROW: Drawn = (0, usize::MAX);

/// The row the tab key reaches: the focused one, or the first in sight where that is not drawn.
pub fn tab_stop(focused: usize, (first, last): Drawn) -> usize {
    if (first..last).contains(&focused) {
        return focused;
    }
    let in_sight = if first == 0 { 0 } else { first + MARGIN_ROWS };
    in_sight.min(last.saturating_sub(1))
}

/// A list of `n_rows` rows of the same height inside the main column or the panel.
#[component]
pub fn VirtualList(
    #[prop(into)] n_rows: Signal<usize>,
    #[prop(into)] row_px: Signal<f64>,
    /// Called when rows up to this index are wanted.
    on_want: Callback<usize>,
    /// Draws a row.
    row: Callback<usize, AnyView>,
    /// Follows which rows are drawn.
    #[prop(optional)]
    drawn: Option<RwSignal<Drawn>>,
) -> impl IntoView {
    let list = NodeRef::<html::Div>::new();
    let range = drawn.unwrap_or_default();
    range.set((0, 0));
    let width = expect_context::<MainWidth>();
    let measure = move || {
        let Some(list) = list.get_untracked() else { return };
        let Some(main) = scroller_of(&list) else { return };
        let view = main.get_bounding_client_rect();
        let top_px = view.top() - list.get_bounding_client_rect().top();
        let now =
            rows_in_sight(top_px, view.height(), row_px.get_untracked(), n_rows.get_untracked());
        if range.get_untracked() != now {
            range.set(now);
        }
        on_want.run(now.1);
    };
    Effect::new(move |_| {
        if let Some(list) = list.get() {
            listen_to_scroll(&list, measure);
        }
    });
    // A taller window shows more of the same column.
    let resized = window_event_listener(ev::resize, move |_| measure());
    on_cleanup(move || resized.remove());
    Effect::new(move |_| {
        list.track();
        n_rows.track();
        row_px.track();
        width.0.track();
        measure();
    });
    let rows = move || {
        let (first, last) = range.get();
        (first..last.min(n_rows.get())).collect::<Vec<_>>()
    };
    view! {
        <div
            node_ref=list
            class="virtual-list"
            role="presentation"
            style:height=move || format!("{}px", n_rows.get() as f64 * row_px.get())
        >
            <For each=rows key=|idx| *idx let:idx>
                <div
                    class="virtual-row"
                    role="presentation"
                    style:transform=move || format!("translateY({}px)", idx as f64 * row_px.get())
                    style:height=move || format!("{}px", row_px.get())
                >
                    {row.run(idx)}
                </div>
            </For>
        </div>
    }
}

/// Calls `on_scroll` at most once a frame while what holds `list` scrolls, as long as the list is
/// there.
fn listen_to_scroll(list: &web_sys::Element, on_scroll: impl Fn() + 'static) {
    let function = Closure::<dyn Fn()>::new(on_scroll);
    let Some(main) = scroller_of(list) else { return };
    // Adding and removing fail only on a null listener.
    let _ = main.add_event_listener_with_callback("scroll", function.as_ref().unchecked_ref());
    let held = StoredValue::new_local((main, function));
    on_cleanup(move || {
        held.try_with_value(|(main, function)| {
            let function = function.as_ref().unchecked_ref();
            let _ = main.remove_event_listener_with_callback("scroll", function);
        });
    });
}

fn scroller_of(element: &web_sys::Element) -> Option<web_sys::Element> {
    element.closest(SCROLLERS).ok().flatten()
}

/// Where a row stands that may not be drawn.
#[derive(Clone, Copy, Debug)]
pub struct Spot {
    /// Which of the virtual lists below the root.
    pub list_idx: u32,
    pub row_idx: usize,
    pub n_rows: usize,
}

/// Moves the focus to what `selector` finds below `root`. Where that is not drawn, the list
/// scrolls to its spot, and the focus follows once it is there, if `is_wanted` still.
pub fn focus_in_list(
    root: web_sys::Element,
    selector: String,
    spot: Spot,
    is_wanted: impl Fn() -> bool + 'static,
) {
    request_animation_frame(move || {
        // Keys may repeat faster than frames.
        if is_wanted() && !focus(&root, &selector) {
            scroll_to(&root, spot);
            look_again(root, selector, is_wanted, LOOKS_MAX);
        }
    });
}

fn look_again(
    root: web_sys::Element,
    selector: String,
    is_wanted: impl Fn() -> bool + 'static,
    n_left: u32,
) {
    let look = move || {
        if is_wanted() && !focus(&root, &selector) && n_left > 0 {
            look_again(root, selector, is_wanted, n_left - 1);
        }
    };
    set_timeout(look, LOOK_EVERY);
}

fn focus(root: &web_sys::Element, selector: &str) -> bool {
    let found = root.query_selector(selector).ok().flatten();
    let Some(row) = found.and_then(|row| row.dyn_into::<web_sys::HtmlElement>().ok()) else {
        return false;
    };
    let _ = row.focus();
    let options = web_sys::ScrollIntoViewOptions::new();
    options.set_block(web_sys::ScrollLogicalPosition::Nearest);
    row.scroll_into_view_with_scroll_into_view_options(&options);
    true
}

fn scroll_to(root: &web_sys::Element, spot: Spot) {
    let lists = root.query_selector_all(".virtual-list").ok();
    let list = lists.and_then(|lists| lists.item(spot.list_idx));
    let Some(list) = list.and_then(|list| list.dyn_into::<web_sys::Element>().ok()) else { return };
    let Some(main) = scroller_of(&list) else { return };
    let (rect, view) = (list.get_bounding_client_rect(), main.get_bounding_client_rect());
    let row_px = rect.height() / spot.n_rows.max(1) as f64;
    let from_top = rect.top() - view.top() + spot.row_idx as f64 * row_px;
    // A third down: what comes before can be seen, too.
    main.set_scroll_top(main.scroll_top() + (from_top - view.height() / 3.0) as i32);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rows_in_sight_and_a_margin_exist() {
        assert_eq!(rows_in_sight(0.0, 560.0, 56.0, 50_000), (0, 18));
        assert_eq!(rows_in_sight(56_000.0, 560.0, 56.0, 50_000), (992, 1018));
        assert_eq!(rows_in_sight(0.0, 560.0, 56.0, 3), (0, 3));
        assert_eq!(rows_in_sight(-4_000.0, 560.0, 56.0, 10), (0, 8));
    }
    #[test]
    fn tab_key_finds_a_row_however_far_the_list_was_scrolled() {
        assert_eq!(tab_stop(3, EVERY_ROW), 3);
        assert_eq!(tab_stop(3, (0, 18)), 3);
        assert_eq!(tab_stop(3, (992, 1018)), 1000);
        assert_eq!(tab_stop(40, (0, 3)), 0);
        assert_eq!(tab_stop(3, (0, 0)), 0);
    }
}
