//! What every HTTP edge of the backend shares: the error envelope, extractors that answer in
//! it, who is signed in, cursors, ETags, and the layers around all routes.
//!
//! It knows no route and no table. Start reading at [`ApiError`], then [`auth`], then
//! [`edge`], the layers in their order.

pub mod auth;
pub mod clock;
pub mod cursor;
pub mod edge;
pub mod error;
pub mod etag;
pub mod extract;
pub mod network;
pub mod reason;
pub mod request_id;
pub mod secret_file;
pub mod signed_url;
pub mod throttle;

pub use error::ApiError;
pub use extract::{ImageFile, Json, Path, Query};
