//! What the program can be told to do.

mod import;
mod index_rebuild;
mod serve;

pub use import::import;
pub use index_rebuild::index_rebuild;
pub use serve::serve;
