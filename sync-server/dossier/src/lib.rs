//! All that is held about a person, as a ZIP: one JSON file per table, the files, a schema that the
//! JSON files keep to, and a page to read; packed and sealed in one pass, so that nothing plain
//! touches the disk.
//!
//! It does not know where rows come from, nor who may have them: services do. Start reading at
//! [`Archive`], then [`Sealer`].

mod archive;
mod error;
mod sealed;

pub use archive::{About, Archive, Row};
pub use error::Error;
pub use sealed::{FileKey, Opener, Sealer};
