//! Covers: originals and sizes as blobs, what they are in SQL, drawn on demand.

mod keep;

pub use keep::{Covers, Picture};
