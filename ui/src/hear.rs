//! Hearing an event before any element does.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure, convert::FromWasmAbi};

/// Calls `handler` before anybody else hears of the event, as long as the caller is there.
pub fn hear_first<E: FromWasmAbi + 'static>(name: &'static str, handler: impl Fn(E) + 'static) {
    let function = Closure::<dyn Fn(E)>::new(handler);
    // Adding and removing fail only on a null listener.
    let _ = window().add_event_listener_with_callback_and_bool(
        name,
        function.as_ref().unchecked_ref(),
        true,
    );
    let held = StoredValue::new_local(function);
    on_cleanup(move || {
        held.try_with_value(|function| {
            let function = function.as_ref().unchecked_ref();
            let _ = window().remove_event_listener_with_callback_and_bool(name, function, true);
        });
    });
}
