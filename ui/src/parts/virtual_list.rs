//! Lists of any length: only the rows in sight exist.

use leptos::{html, prelude::*};
use wasm_bindgen::{JsCast, closure::Closure};

use crate::{route::MAIN, shell::MainWidth};

/// Rows kept ready above and below what is in sight.
const MARGIN_ROWS: usize = 8;

/// What is in sight, from the first row to the one after the last.
pub fn rows_in_sight(top_px: f64, height_px: f64, row_px: f64, n_rows: usize) -> (usize, usize) {
    let first = (top_px.max(0.0) / row_px) as usize;
    let last = ((top_px + height_px).max(0.0) / row_px).ceil() as usize;
    (first.saturating_sub(MARGIN_ROWS).min(n_rows), (last + MARGIN_ROWS).min(n_rows))
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
    let width = expect_context::<MainWidth>();
    let measure = move || {
        let (Some(list), Some(main)) = (list.get_untracked(), document().get_element_by_id(MAIN))
        else {
            return;
        };
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
        list.track();
        n_rows.track();
        row_px.track();
        width.0.track();
        measure();
    });
    listen_to_scroll(measure);
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

/// Calls `on_scroll` at most once a frame while the main column scrolls, as long as its owner
/// lives.
fn listen_to_scroll(on_scroll: impl Fn() + 'static) {
    let function = Closure::<dyn Fn()>::new(on_scroll);
    let Some(main) = document().get_element_by_id(MAIN) else { return };
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
