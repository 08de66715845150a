//! A real window, a real server and real sound: the parts from which the end-to-end tests, the
//! demo and the screenshots are put together.
//!
//! [`Desktop`] is a private one: a virtual display, a session bus and a sound server whose only
//! output is a null sink that can be recorded. [`Server`] is the backend's own process, [`App`]
//! the player's window driven through WebDriver, [`sound`] compares what was heard with its
//! source. Whatever is started is ended by its id when its owner is dropped, also on failure.

pub mod app;
pub mod browser;
pub mod demo;
pub mod desktop;
pub mod material;
pub mod phone;
pub mod process;
pub mod recorder;
pub mod screenshots;
pub mod server;
pub mod sound;
pub mod wait;

pub use app::App;
pub use browser::Browser;
pub use desktop::Desktop;
pub use server::Server;

/// Chooses the TLS provider; every program that speaks HTTP through us calls it first.
pub fn init() {
    // A second call finds it chosen, which is what we want.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
