//! Identity: accounts, passwords, sessions, roles, plans, and the keys that sign access tokens.
//!
//! What an account may do elsewhere is in its access token, which other services verify with
//! the published keys; none of them asks here. Start reading at [`Service`].

mod acts;
mod error;
mod http;
mod mails;
pub mod peer;
mod schema;
mod service;
mod store;

pub use error::Error;
pub use http::routes;
pub use service::{Clock, OnAct, Parts, Service, system_clock};
