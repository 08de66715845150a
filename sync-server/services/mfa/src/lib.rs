//! The second factor of an account: codes of an authenticator app, and recovery codes for the day
//! it is lost.
//!
//! Accounts asks here whether one is wanted and uses codes up; what a code proves is decided here
//! alone. Secrets are in the vault. Start reading at [`Service`].

mod error;
mod http;
pub mod peer;
mod service;
mod store;

pub use error::Error;
pub use http::routes;
pub use service::{OnAct, Parts, Service};
pub use store::HOLDINGS;
