//! Identity: accounts, passwords, sessions, devices, and the keys that sign access tokens.
//!
//! What an account may do elsewhere is in its access token, which other services verify with
//! the published keys; none of them asks here. Start reading at [`Service`].

mod error;
mod holdings;
mod http;
mod mails;
pub mod peer;
mod schema;
mod service;
mod store;

pub use error::Error;
pub use holdings::HOLDINGS;
pub use http::routes;
pub use schema::migrate;
pub use service::{OnAct, Parts, Retained, Service};
