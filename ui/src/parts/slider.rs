//! The bar behind the scrubber and the volume.

use leptos::{ev, html, prelude::*};

/// A value from 0 to 1 that can be dragged, clicked and stepped by keys.
#[component]
pub fn Slider(
    /// Its name for a screen reader.
    label: &'static str,
    /// The value from outside; while dragging, the hand counts.
    #[prop(into)]
    value: Signal<f64>,
    /// A second, quieter value behind the first.
    #[prop(optional, into)]
    behind: Option<Signal<f64>>,
    /// A value in words.
    text: Callback<f64, String>,
    /// How far an arrow key goes.
    #[prop(into)]
    step: Signal<f64>,
    /// Called while dragging too.
    #[prop(optional)]
    is_live: bool,
    /// Whether the value under the pointer is shown.
    #[prop(optional)]
    has_hover_text: bool,
    #[prop(optional, into)] is_disabled: Signal<bool>,
    on_change: Callback<f64>,
) -> impl IntoView {
    let bar = NodeRef::<html::Div>::new();
    let dragged = RwSignal::new(None::<f64>);
    let hovered = RwSignal::new(None::<f64>);
    let shown = Memo::new(move |_| dragged.get().unwrap_or_else(|| value.get()).clamp(0.0, 1.0));

    let at = move |event: &ev::PointerEvent| {
        let rect = bar.get_untracked().map(|bar| bar.get_bounding_client_rect());
        rect.filter(|rect| rect.width() > 0.0).map_or(0.0, |rect| {
            ((f64::from(event.client_x()) - rect.left()) / rect.width()).clamp(0.0, 1.0)
        })
    };
    let press = move |event: ev::PointerEvent| {
        if event.button() != 0 || is_disabled.get_untracked() {
            return;
        }
        if let Some(bar) = bar.get_untracked() {
            // Without capture the drag ends at the edge; nothing breaks.
            let _ = bar.set_pointer_capture(event.pointer_id());
        }
        dragged.set(Some(at(&event)));
        if is_live {
            on_change.run(at(&event));
        }
    };
    let drag = move |event: ev::PointerEvent| {
        hovered.set(Some(at(&event)));
        if dragged.get_untracked().is_some() {
            dragged.set(Some(at(&event)));
            if is_live {
                on_change.run(at(&event));
            }
        }
    };
    let release = move |event: ev::PointerEvent| {
        if dragged.get_untracked().is_some() {
            on_change.run(at(&event));
            dragged.set(None);
        }
    };
    let on_key = move |event: ev::KeyboardEvent| {
        if event.ctrl_key() || event.alt_key() || event.meta_key() || is_disabled.get_untracked() {
            return;
        }
        let (now, step) = (shown.get_untracked(), step.get_untracked());
        let next = match event.key().as_str() {
            "ArrowRight" | "ArrowUp" => now + step,
            "ArrowLeft" | "ArrowDown" => now - step,
            "PageUp" => now + 4.0 * step,
            "PageDown" => now - 4.0 * step,
            "Home" => 0.0,
            "End" => 1.0,
            _ => return,
        };
        event.prevent_default();
        on_change.run(next.clamp(0.0, 1.0));
    };
    let scale = |value: f64| format!("scaleX({value:.5})");
    view! {
        <div
            node_ref=bar
            class="slider"
            class:dragging=move || dragged.get().is_some()
            role="slider"
            tabindex=move || if is_disabled.get() { "-1" } else { "0" }
            aria-label=label
            aria-valuemin="0"
            aria-valuemax="100"
            aria-valuenow=move || (shown.get() * 100.0).round().to_string()
            aria-valuetext=move || text.run(shown.get())
            aria-disabled=move || is_disabled.get().then_some("true")
            on:pointerdown=press
            on:pointermove=drag
            on:pointerup=release
            on:pointercancel=move |_| dragged.set(None)
            on:pointerleave=move |_| hovered.set(None)
            on:keydown=on_key
        >
            <div class="slider-track">
                {behind.map(|behind| view! {
                    <div
                        class="slider-behind"
                        style:transform=move || scale(behind.get().clamp(0.0, 1.0))
                    ></div>
                })}
                <div class="slider-fill" style:transform=move || scale(shown.get())></div>
            </div>
            <div class="slider-thumb-rail" style:transform=move || {
                format!("translateX({:.3}%)", shown.get() * 100.0)
            }>
                <div class="slider-thumb"></div>
            </div>
            {has_hover_text.then(|| view! {
                <div
                    class="slider-hover"
                    hidden=move || hovered.get().is_none() || is_disabled.get()
                    style:left=move || format!("{:.2}%", hovered.get().unwrap_or_default() * 100.0)
                >
                    {move || hovered.get().map(|at| text.run(at))}
                </div>
            })}
        </div>
    }
}
