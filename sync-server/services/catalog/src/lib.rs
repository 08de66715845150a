//! The catalog: artists, releases, tracks, their covers and their plays.
//!
//! It decides which artist a credit means and which release a track belongs to ([`rules`], pure),
//! keeps the answer in SQL ([`store`]), and tells others what changed through an outbox that is
//! written with the change. It does not read audio files (ingest does), search (discovery), or
//! serve audio (delivery).
//!
//! Start reading at [`Service`], then [`store::put`].

mod clock;
mod covers;
mod error;
mod holdings;
mod http;
mod intake;
pub mod peer;
mod rules;
mod schema;
mod service;
mod store;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use covers::Picture;
pub use error::Error;
pub use holdings::HOLDINGS;
pub use http::routes;
pub use images::{ImageError, Size};
pub use service::Service;
pub use store::{
    changes::{Change, Entity},
    read::Played,
};
