//! What shows who someone is: addresses, passwords, refresh tokens, links in mails, one-time codes.
//!
//! How they are made, what of them is stored, and when two are the same. It knows no table and no
//! route: `svc-accounts` keeps what comes of it. Start reading at [`password`].

mod email;
mod error;
mod letter;
mod link;
pub mod password;
mod refresh_token;
mod throttles;
pub mod totp;

pub use email::Email;
pub use error::Error;
pub use letter::Letter;
pub use link::{LinkToken, Purpose};
pub use refresh_token::{RefreshToken, check_retry_key};
pub use throttles::Throttles;
