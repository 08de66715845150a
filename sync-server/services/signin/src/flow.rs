//! What is under way: a sign-in at a provider, a ceremony with an authenticator, a code on its way
//! to the app. Each is known by a secret that is stored hashed, ends by itself, and is used up by
//! the first who brings it. They are in the database, so that any process can go on with them.

use api::sign_in::Loopback;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use vouch::Secrets;

const MINUTE_US: i64 = 60 * 1_000_000;

/// Something under way.
pub trait Flow: Serialize + DeserializeOwned + Send + Sync {
    /// As it is stored.
    const KIND: &'static str;
    /// How long it has to come to its end.
    const LIFE_US: i64;
}

/// A person is at a provider, and the browser will come back from there.
#[derive(Serialize, Deserialize)]
pub struct AtProvider {
    pub provider: String,
    pub loopback: Loopback,
    pub secrets: Secrets,
}

impl Flow for AtProvider {
    const KIND: &'static str = "oidc";
    const LIFE_US: i64 = 10 * MINUTE_US;
}

/// The page may make a passkey for an account.
#[derive(Serialize, Deserialize)]
pub struct Ticket {}

impl Flow for Ticket {
    const KIND: &'static str = "passkey_ticket";
    const LIFE_US: i64 = 10 * MINUTE_US;
}

/// An authenticator makes a passkey.
#[derive(Serialize, Deserialize)]
pub struct Registration {
    /// Of what is used up once the passkey is kept.
    pub ticket_hash: String,
    /// What the answer is verified against.
    pub state: String,
}

impl Flow for Registration {
    const KIND: &'static str = "passkey_register";
    const LIFE_US: i64 = 5 * MINUTE_US;
}

/// An authenticator is asked for any passkey of this server.
#[derive(Serialize, Deserialize)]
pub struct Assertion {
    pub loopback: Loopback,
    pub state: String,
}

impl Flow for Assertion {
    const KIND: &'static str = "passkey_sign_in";
    const LIFE_US: i64 = 5 * MINUTE_US;
}

/// A code is on its way to the app.
#[derive(Serialize, Deserialize)]
pub struct Code {
    #[serde(rename = "code_challenge")]
    pub challenge: String,
    /// Whether a passkey brought it: what a provider vouches for is no second factor.
    #[serde(default)]
    pub is_of_passkey: bool,
    /// What the app links to the account by trading the code.
    pub link: Option<Link>,
}

/// A person at a provider.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Link {
    pub provider: String,
    pub subject_hash: String,
}

impl Flow for Code {
    const KIND: &'static str = "code";
    const LIFE_US: i64 = MINUTE_US;
}
