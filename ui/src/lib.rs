//! The interface: Leptos, client side, in the webview of the shell.
//!
//! It holds no truth of its own: what it shows comes from calls and events of the `ipc` crate
//! ([`ipc`] here is the only module that makes them), and what the user does goes back as calls.
//! Start reading at [`app`]; `route` says what screens there are, `pages` has one file for each,
//! `shell` what stands around them, `parts` what they are made of.

mod app;
mod busy;
mod clock;
mod dates;
mod focus;
mod format;
mod hear;
mod icons;
mod ipc;
mod keys;
mod overlay;
mod pages;
mod parts;
mod picture;
mod recent;
mod remote;
mod route;
mod shell;
mod state;

use wasm_bindgen::prelude::wasm_bindgen;

/// Called by the loader once the module stands.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
    leptos::mount::mount_to_body(app::App);
}
