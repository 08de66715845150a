//! The only place that talks to the shell.
//!
//! Calls go through `invoke`, which Tauri puts on the window before any script runs; events come
//! through the `event` plugin under one name. What crosses is described by the `ipc` crate.

use ::ipc::{Call, EVENT, Event, Fault, FaultKind};
use domain::CoverId;
use js_sys::{Array, Function, Object, Promise, Reflect};
use serde::Serialize;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;

const INTERNALS: &str = "__TAURI_INTERNALS__";

/// Asks the shell and waits for its answer.
pub async fn invoke<C: Call>(call: C) -> Result<C::Reply, Fault> {
    let args = Object::new();
    let value = to_js(&call).map_err(|error| broken(C::NAME, &error.into()))?;
    set(&args, "args", &value);
    match send(C::NAME, &args).await {
        Ok(reply) => {
            serde_wasm_bindgen::from_value(reply).map_err(|error| broken(C::NAME, &error.into()))
        }
        Err(error) => Err(serde_wasm_bindgen::from_value(error.clone())
            .unwrap_or_else(|_| broken(C::NAME, &error))),
    }
}

/// Hands every event of the shell to `on_event`, for as long as the window lives.
pub async fn listen(on_event: impl Fn(Event) + 'static) -> Result<(), Fault> {
    let handler = Closure::<dyn Fn(JsValue)>::new(move |message: JsValue| {
        let payload = get(&message, "payload");
        match serde_wasm_bindgen::from_value(payload) {
            Ok(event) => on_event(event),
            Err(error) => leptos::logging::error!("event not understood: {error}"),
        }
    })
    .into_js_value();
    let target = Object::new();
    set(&target, "kind", &"Any".into());
    let args = Object::new();
    set(&args, "event", &EVENT.into());
    set(&args, "target", &target);
    set(&args, "handler", &callback(&handler)?);
    let name = "plugin:event|listen";
    send(name, &args).await.map(drop).map_err(|error| broken(name, &error))
}

/// Where the webview finds a cover, `size` pixels wide at least. Tauri knows how each platform's
/// webview spells our scheme.
pub fn cover_url(id: &CoverId, size: u32) -> String {
    format!("{}?size={size}", shown_url(id.as_str()))
}

/// Where the webview finds the picture of who is signed in.
pub fn avatar_url(id: &str) -> String {
    shown_url(&format!("avatar-{id}"))
}

fn shown_url(name: &str) -> String {
    let internals = internals();
    get(&internals, "convertFileSrc")
        .dyn_into::<Function>()
        .and_then(|convert| convert.call2(&internals, &name.into(), &"cover".into()))
        .ok()
        .and_then(|url| url.as_string())
        .unwrap_or_default()
}

async fn send(name: &str, args: &Object) -> Result<JsValue, JsValue> {
    let internals = internals();
    let invoke: Function = get(&internals, "invoke").dyn_into()?;
    let promise: Promise = invoke.call2(&internals, &name.into(), args)?.dyn_into()?;
    JsFuture::from(promise).await
}

/// The number under which the shell can call a function of ours.
fn callback(handler: &JsValue) -> Result<JsValue, Fault> {
    let internals = internals();
    let name = "transformCallback";
    get(&internals, name)
        .dyn_into::<Function>()
        .and_then(|transform| transform.apply(&internals, &Array::of1(handler)))
        .map_err(|error| broken(name, &error))
}

fn internals() -> JsValue {
    get(&js_sys::global(), INTERNALS)
}

fn get(object: &JsValue, key: &str) -> JsValue {
    Reflect::get(object, &key.into()).unwrap_or(JsValue::UNDEFINED)
}

fn set(object: &Object, key: &str, value: &JsValue) {
    // Fails on frozen objects and proxies only; ours are plain.
    let _ = Reflect::set(object, &key.into(), value);
}

fn to_js(value: &impl Serialize) -> Result<JsValue, serde_wasm_bindgen::Error> {
    value.serialize(&serde_wasm_bindgen::Serializer::json_compatible())
}

/// The contract itself was broken; a person can only restart or report it.
fn broken(name: &str, error: &JsValue) -> Fault {
    let detail = error.as_string().unwrap_or_else(|| format!("{error:?}"));
    leptos::logging::error!("{name}: {detail}");
    Fault {
        kind: FaultKind::Other,
        message: format!("The app could not carry out “{name}”."),
        hint: "Try again; if it stays, restart MelodyUD.".into(),
        request_id: None,
    }
}
