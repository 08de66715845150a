//! Files in, facts out: the library import.
//!
//! An import walks a folder ([`scan`]), hands every new or changed file to a pool of decode
//! workers (child processes of the same program: [`decode_pool`] is the parent's side,
//! [`decode_worker`] the child's), which read tags, decode all of the audio and measure it, and
//! tells the catalog in batches ([`run`]). Between runs it remembers each file by path, size,
//! time of change and content hash ([`store`]), so that a second run touches only what changed
//! and a moved file stays the track it was.
//!
//! This crate does not decide which artist or release a track belongs to (the catalog does), nor
//! does it send audio to anyone (delivery asks [`Service::locate`] where it is).
//!
//! Start reading at [`Service::import_run`], then [`run`].

mod covers;
mod decode_pool;
pub mod decode_worker;
mod examine;
mod folder;
mod http;
mod paths;
pub mod peer;
mod protocol;
mod run;
mod scan;
mod service;
mod store;

pub use http::routes;
pub use service::{Error, Located, Peers, Service, Settings, WorkerCommand};
