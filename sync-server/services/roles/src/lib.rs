//! Roles: who has which, and who gives and takes them.
//!
//! [`Roles`] knows what each account has, and says so to accounts, which writes it into access
//! tokens; what a role may do stands in [`domain::access::POLICY`]. [`Service`] is for owners, who
//! know people by their addresses. Start reading at [`Roles`].

mod error;
mod http;
pub mod peer;
mod roles;
mod service;
mod store;

pub use error::Error;
pub use http::routes;
pub use roles::{OnAct, Parts, Roles};
pub use service::Service;
pub use store::{HOLDINGS, Held};
