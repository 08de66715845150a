//! Files in, facts out: the library import.
//!
//! An import walks a folder (`scan`), hands every new or changed file to a pool of workers (child
//! processes of the same program, see the crate `examine`), which read tags, decode all of the
//! audio and measure it, and tells the catalog in batches (`run`). Between runs it remembers each
//! file by path, size, time of change and content hash (`store`), so that a second run touches
//! only what changed and a moved file stays the track it was.
//!
//! This crate does not decide which artist or release a track belongs to (the catalog does), nor
//! does it send audio to anyone (delivery asks [`Service::locate`] where it is).
//!
//! Start reading at [`Service::import_run`], then `run`.

mod covers;
mod folder;
mod http;
pub mod peer;
mod run;
mod scan;
mod service;
mod store;

pub use examine::{WorkerCommand, worker as decode_worker};
pub use http::routes;
pub use service::{Error, Located, Peers, Service, Settings};
