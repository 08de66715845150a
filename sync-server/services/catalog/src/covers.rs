//! Covers: images of strangers, decoded within limits.
//!
//! [`image`] and [`colour`] are pure computing and run on blocking threads, few at a time.
//! [`Covers`] keeps originals and sizes as blobs, and what they are in SQL.

mod colour;
mod image;
mod keep;

pub use image::{ImageError, Size};
pub use keep::{Covers, Picture};
