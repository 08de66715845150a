//! Identity: accounts, passwords, sessions, roles, plans, and the keys that sign access tokens.
//!
//! What an account may do elsewhere is in its access token, which other services verify with
//! the published keys; none of them asks here. Start reading at [`Service`].

mod acts;
mod email;
mod error;
mod http;
mod password;
mod plans;
mod refresh_token;
mod schema;
mod service;
mod signing_keys;
mod store;
mod throttle;

pub use error::Error;
pub use http::routes;
pub use plans::Plans;
pub use service::{Clock, OnAct, Parts, Service, system_clock};
pub use signing_keys::{Former, SigningKeys};
