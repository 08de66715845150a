//! Delivery: the right bytes to an entitled listener.
//!
//! Serves the original file behind a track by HTTP range (RFC 9110), to who is signed in by
//! token or holds a signed URL. It knows no catalog and no library: where a track's bytes are it
//! asks its peer. Nothing that a client sends becomes part of a path.
//!
//! Start reading at [`routes`]; the rules of ranges and preconditions are pure, in `plan`.

mod http;
pub mod peer;
mod plan;
mod reading;
mod service;

pub use http::routes;
pub use service::Service;
