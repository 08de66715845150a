//! What is in an audio file: its hash, tags, cover, how long and how loud it is, and whether all
//! of it decodes.
//!
//! Files from others are hostile until decoded, and decoders have panicked, hung and eaten memory
//! on such: so a file is looked into by a child process of the same program ([`worker`]), with
//! limits on memory and time, and [`Worker`] is the parent's handle on it.
//!
//! This crate knows no database and no catalog; what a file becomes is decided elsewhere. Start
//! reading at [`Worker::examine`], then at what the child does (`file`).

mod file;
pub mod paths;
mod pool;
mod protocol;
pub mod worker;

pub use file::tags::{TITLE_CHARS_MAX, Tags, clean, is_image};
pub use pool::{Examined, StartError, Worker, WorkerCommand};
pub use protocol::{Answer, Report};
