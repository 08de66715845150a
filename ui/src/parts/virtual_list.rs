//! Lists of any length: only the rows in sight exist.

use leptos::{ev, html, prelude::*};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};

use crate::route::MAIN;

/// Rows kept ready above and below what is in sight.
const MARGIN_ROWS: usize = 8;

/// What is in sight, from the first row to the one after the last.
pub fn rows_in_sight(top_px: f64, height_px: f64, row_px: f64, n_rows: usize) -> (usize, usize) {
    let first = (top_px.max(0.0) / row_px) as usize;
    let last = ((top_px + height_px).max(0.0) / row_px).ceil() as usize;
    (
        first.saturating_sub(MARGIN_ROWS).min(n_rows),
        (last + MARGIN_ROWS).min(n_rows),
    )
}

/// A list of `n_rows` rows of the same height inside the main column, which scrolls.
#[component]
pub fn VirtualList(
    #[prop(into)] n_rows: Signal<usize>,
    #[prop(into)] row_px: Signal<f64>,
    /// Called when rows up to this index are wanted.
    on_want: Callback<usize>,
    /// Draws a row.
    row: Callback<usize, AnyView>,
) -> impl IntoView {
    let list = NodeRef::<html::Div>::new();
    let range = RwSignal::new((0, 0));
    let measure = move || {
        let (Some(list), Some(main)) = (list.get_untracked(), document().get_element_by_id(MAIN))
        else {
            return;
        };
        let view = main.get_bounding_client_rect();
        let top_px = view.top() - list.get_bounding_client_rect().top();
        let now = rows_in_sight(
            top_px,
            view.height(),
            row_px.get_untracked(),
            n_rows.get_untracked(),
        );
        if range.get_untracked() != now {
            range.set(now);
        }
        on_want.run(now.1);
    };
    Effect::new(move |_| {
        list.track();
        n_rows.track();
        row_px.track();
        measure();
    });
    // Scroll events come at most once a frame.
    let on_scroll = Closure::<dyn Fn()>::new(measure).into_js_value();
    let main = StoredValue::new_local(None::<web_sys::Element>);
    let function = StoredValue::new_local(on_scroll);
    Effect::new(move |_| {
        let Some(element) = document().get_element_by_id(MAIN) else { return };
        function.with_value(|f: &JsValue| {
            // Fails only on a null listener.
            let _ = element.add_event_listener_with_callback("scroll", f.unchecked_ref());
        });
        main.set_value(Some(element));
    });
    let on_resize = window_event_listener(ev::resize, move |_| measure());
    on_cleanup(move || {
        on_resize.remove();
        let element = main.try_with_value(Clone::clone).flatten();
        let _ = function.try_with_value(|f: &JsValue| {
            if let Some(element) = element {
                let _ = element.remove_event_listener_with_callback("scroll", f.unchecked_ref());
            }
        });
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
}
