//! The rights of persons over their data (GDPR): what they agreed to, a copy of all that is held
//! about them, its erasure, the cases in which compliance officers serve these rights, and how
//! long things are kept at all.
//!
//! It holds next to nothing about anybody itself. What others hold they say by one peer trait,
//! [`peer::Holder`], through which exports and erasures reach everything; what has an end to its
//! keeping they say by another, [`peer::Retained`]. Start reading at [`Service`], then [`peer`].

mod calendar;
mod error;
mod http;
mod jobs;
mod own;
pub mod peer;
mod schema;
mod service;
mod settings;
mod store;

pub use error::Error;
pub use http::routes;
pub use own::HOLDINGS;
pub use service::{Dropped, OnAct, Parts, Service};
pub use settings::{Purpose, Rule, Settings};
