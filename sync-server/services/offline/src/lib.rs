//! Offline devices: as many devices of an account keep music as its plan allows.
//!
//! Which music, and for how long, is not decided here. A device is one of them as long as it is
//! signed in: whether it is, accounts knows. Start reading at [`Service`].

mod error;
mod http;
pub mod peer;
mod service;
mod store;

pub use error::Error;
pub use http::routes;
pub use service::{OnAct, Parts, Service};
pub use store::HOLDINGS;
