//! The second factor of an account: codes of an authenticator app, a passkey that is asked for after
//! the password, and recovery codes for the day that either is lost.
//!
//! Accounts asks here whether one is wanted and has what is shown used up; what that proves is
//! decided here alone. Secrets are in the vault, passkeys where people sign in with them. Start
//! reading at [`Service`].

mod error;
mod http;
pub mod peer;
mod service;
mod store;

pub use error::Error;
pub use http::routes;
pub use service::{OnAct, Parts, Service};
pub use store::HOLDINGS;
