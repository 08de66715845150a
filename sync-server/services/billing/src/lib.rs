//! Subscriptions: which plan an account has, and what it may do about it. Payments are not here
//! yet; an operator gives plans.
//!
//! The rules are those of [`domain::plan`]; which plans there are is configuration. Start reading
//! at [`Service`].

mod error;
mod http;
mod service;
mod store;

pub use error::Error;
pub use http::routes;
pub use service::{OnAct, Parts, Service};
pub use store::HOLDINGS;
