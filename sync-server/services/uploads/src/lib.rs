//! Resumable uploads: a creator's files come in here, over lines that break, by the protocol that
//! standard clients speak ([tus 1.0.0](https://tus.io/protocols/resumable-upload): core, creation,
//! creation with upload, checksum, termination, expiration).
//!
//! What is in a file is nobody's business here. A file that is whole stays until something takes
//! it or its time is over. How much of a file has come is said by the file itself, so that neither
//! a cut line nor a killed process can make the two disagree. Start reading at [`Service`].

mod error;
mod folder;
mod http;
mod places;
mod service;
mod store;
mod turns;
pub mod tus;

pub use error::Error;
pub use http::{STREAMED, routes};
pub use service::{NewUpload, Parts, Service, Settings, Upload};
pub use store::HOLDINGS;
