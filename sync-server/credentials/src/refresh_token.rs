//! Refresh tokens: 32 random bytes with the ids that find their session.
//!
//! Stored is only a hash. A plain fast one will do, since there is nothing to guess in 256
//! random bits.

use std::ops::RangeInclusive;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{AccountId, SessionId};
use web::ApiError;

/// One use of a session; good for one refresh.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    pub account: AccountId,
    pub session: SessionId,
    secret: [u8; 32],
}

impl RefreshToken {
    pub fn new(account: AccountId, session: SessionId) -> Self {
        Self { account, session, secret: rand::random() }
    }

    /// The token after this one. With a key of the client's it is the same each time, so that a
    /// client whose answer was lost can ask again; nobody who lacks either of the two can tell it.
    pub fn next(&self, retry_key: Option<&str>) -> Self {
        let secret = match retry_key {
            Some(key) => blake3::Hasher::new_derive_key("MelodyUD 2026 next refresh token")
                .update(&self.secret)
                .update(key.as_bytes())
                .finalize()
                .into(),
            None => rand::random(),
        };
        Self { secret, ..*self }
    }

    /// From the text a client holds; `None` where no token of ours has this form.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 64] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let (account, rest) = bytes.split_first_chunk::<16>()?;
        let (session, secret) = rest.split_first_chunk::<16>()?;
        Some(Self {
            account: AccountId::from_uuid(uuid::Uuid::from_bytes(*account)),
            session: SessionId::from_uuid(uuid::Uuid::from_bytes(*session)),
            secret: secret.try_into().ok()?,
        })
    }

    /// The text for the client.
    pub fn text(&self) -> String {
        let ids = [self.account.uuid().into_bytes(), self.session.uuid().into_bytes()];
        URL_SAFE_NO_PAD.encode([&ids.concat()[..], &self.secret].concat())
    }

    /// What is stored.
    pub fn hash(&self) -> String {
        blake3::hash(&self.secret).to_hex().to_string()
    }
}

/// Of the keys that clients make to ask for a lost answer again, in bytes.
const RETRY_KEY_BYTES: RangeInclusive<usize> = 16..=128;

/// Whether a key that a client made is one.
pub fn check_retry_key(key: Option<&str>) -> Result<Option<&str>, ApiError> {
    match key {
        Some(key) if !RETRY_KEY_BYTES.contains(&key.len()) => Err(ApiError::invalid(
            "This cannot be a retry key.",
            "Take 16 to 128 random characters, or none.",
        )),
        key => Ok(key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_token_is_told_by_token_and_key_together() {
        let token = RefreshToken::new(AccountId::new(1, [1; 10]), SessionId::new(2, [2; 10]));
        let next = token.next(Some("a key"));
        assert!(next == token.next(Some("a key")) && next != token);
        assert!(next != token.next(Some("b key")) && token.next(None) != token.next(None));
        assert_eq!((next.account, next.session), (token.account, token.session));
    }

    #[test]
    fn tokens_survive_text_and_nothing_else_parses() {
        let token = RefreshToken::new(AccountId::new(1, [1; 10]), SessionId::new(2, [2; 10]));
        assert!(RefreshToken::parse(&token.text()) == Some(token.clone()));
        for bad in ["", "x", "..", &token.text()[1..], &format!("{}AA", token.text())] {
            assert!(RefreshToken::parse(bad).is_none(), "{bad}");
        }
    }
}
