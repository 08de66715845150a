//! Tokens of links in mails: 32 random bytes with the account they are for. Good once, and soon
//! not at all; stored is only a hash.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::AccountId;

/// What a link is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    VerifyEmail,
    ResetPassword,
    /// Confirms at the old address that another one takes its place.
    LeaveEmail,
    /// Confirms the new one.
    EnterEmail,
}

impl Purpose {
    /// As it is stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify",
            Self::ResetPassword => "reset",
            Self::LeaveEmail => "leave",
            Self::EnterEmail => "enter",
        }
    }

    /// The page that the link opens, below `/account/`.
    pub const fn page(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify",
            Self::ResetPassword => "reset",
            Self::LeaveEmail | Self::EnterEmail => "change-email",
        }
    }

    /// How long it is good, in microseconds: two days to find a mail, one hour to change a
    /// password.
    pub const fn life_us(self) -> i64 {
        let hour_us = 60 * 60 * 1_000_000;
        match self {
            Self::VerifyEmail | Self::LeaveEmail | Self::EnterEmail => 48 * hour_us,
            Self::ResetPassword => hour_us,
        }
    }
}

/// The secret of one link.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkToken {
    pub account: AccountId,
    secret: [u8; 32],
}

impl LinkToken {
    pub fn new(account: AccountId) -> Self {
        Self { account, secret: rand::random() }
    }

    /// From the text in the link; `None` where no token of ours has this form.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 48] = URL_SAFE_NO_PAD.decode(text.trim()).ok()?.try_into().ok()?;
        let (account, secret) = bytes.split_first_chunk::<16>()?;
        Some(Self {
            account: AccountId::from_uuid(uuid::Uuid::from_bytes(*account)),
            secret: secret.try_into().ok()?,
        })
    }

    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode([&self.account.uuid().into_bytes()[..], &self.secret].concat())
    }

    /// What is stored.
    pub fn hash(&self) -> String {
        blake3::hash(&self.secret).to_hex().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_survive_text_and_nothing_else_parses() {
        let token = LinkToken::new(AccountId::new(1, [1; 10]));
        assert!(LinkToken::parse(&format!(" {}\n", token.text())) == Some(token.clone()));
        for bad in ["", "x", "..", &token.text()[1..], &format!("{}AA", token.text())] {
            assert!(LinkToken::parse(bad).is_none(), "{bad}");
        }
    }
}
