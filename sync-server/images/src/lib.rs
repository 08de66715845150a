//! Images of strangers: decoded within limits, drawn in sizes, summed up in a colour.
//!
//! Pure computing: it blocks for as long as it takes, so callers run it where that is fine, few
//! at a time. It keeps nothing (the catalog does). Start reading at [`decode`].

mod colour;
mod draw;

pub use colour::ambient;
pub use draw::{Decoded, FILE_BYTES_MAX, ImageError, Size, decode, draw};
