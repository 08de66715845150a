//! Signing in by the system browser, since the app's own window has neither a person's cookies nor
//! an authenticator: at a provider (OpenID Connect), or with a passkey (WebAuthn) on a page that
//! this server hosts. Either way the app gets a code at its loopback address (RFC 8252) and trades
//! it for a session, with the proof that it is the app that began (PKCE, RFC 7636). A passkey's code
//! may also be shown beside the password, as a second factor ([`PasskeyProofs`]).
//!
//! Accounts and sessions are made by [`peer::Accounts`], and what a provider or an authenticator
//! says is verified by the crate `vouch`; here is what is under way, and what follows. Start reading
//! at [`Service`].

mod error;
mod flow;
mod http;
mod loopback;
pub mod peer;
mod proofs;
mod schema;
mod secret;
mod service;
mod store;

pub use error::Error;
pub use http::routes;
pub use proofs::PasskeyProofs;
pub use schema::HOLDINGS;
pub use service::{Callback, OnAct, Parts, Service};
pub use vouch::ProviderSettings;
