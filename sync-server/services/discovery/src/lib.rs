//! Search over the catalog: tracks, artists and releases.
//!
//! The index ([`engine_search`]) follows the catalog: a task reads its changes in order
//! ([`peer::Catalog::changes_after`]) and commits them together with the place reached, so that
//! after a crash it goes on exactly where the index stands. Answers hold what the catalog says
//! now; the index only decides what is found and in which order.
//!
//! This crate owns no table: everything in the index can be made again from the catalog
//! ([`Service::rebuild`]), and is when the index is missing, damaged or of another version.
//!
//! Start reading at [`Service::search`], then [`Service::run`].

mod documents;
mod fill;
mod follow;
mod http;
pub mod peer;
mod service;

pub use http::routes;
pub use service::{Error, Rebuilt, Service};
