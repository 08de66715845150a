//! The blob port: immutable bytes under the BLAKE3 hash of their content.
//!
//! One type, [`Blobs`], over any [`object_store::ObjectStore`]: a local folder by default, S3
//! (MinIO, Ceph RGW) behind the same interface. The trait of the port is `ObjectStore` itself;
//! what we add is the discipline: keys are content hashes, writes create and never replace,
//! reads of whole blobs are checked against their hash, and nothing is larger than
//! [`SIZE_BYTES_MAX`].
//!
//! It is not a file system and keeps no metadata: what a blob is stands in SQL, at its owner.
//!
//! Start reading at [`Blobs`]. [`conformance`] is the suite every store passes.

mod blobs;
pub mod conformance;
mod error;
mod id;

pub use blobs::{Blobs, SIZE_BYTES_MAX};
pub use error::Error;
pub use id::BlobId;
