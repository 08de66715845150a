//! What is written to people about their credentials.

use serde::{Deserialize, Serialize};

use crate::Purpose;

/// A kind of mail. Each is asked for by its person, or tells them that their sign-in is not safe: these
/// may be sent while the use of their data is restricted (GDPR, article 18). Another kind would have
/// to ask whether it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Letter {
    Verify,
    Reset,
    /// To the address that another one shall take the place of.
    LeaveEmail,
    /// To the one that shall.
    EnterEmail,
    /// Someone else had the sign-in.
    SessionEnded,
    PasswordChanged,
}

impl Letter {
    /// Of the link in it, where there is one.
    pub const fn purpose(self) -> Option<Purpose> {
        match self {
            Self::Verify => Some(Purpose::VerifyEmail),
            Self::Reset => Some(Purpose::ResetPassword),
            Self::LeaveEmail => Some(Purpose::LeaveEmail),
            Self::EnterEmail => Some(Purpose::EnterEmail),
            Self::SessionEnded | Self::PasswordChanged => None,
        }
    }

    /// Subject and text; `link` is of no use where there is no purpose.
    pub fn texts(self, link: &str) -> (&'static str, String) {
        match self {
        Self::Verify => (
            "Confirm your address",
            format!(
                "Welcome to MelodyUD.\n\nOpen this link to confirm that the address is \
                 yours:\n\n{link}\n\nIt is good for two days, once. If you did not sign up, \
                 there is nothing to do.\n"
            ),
        ),
        Self::Reset => (
            "Choose a new password",
            format!(
                "Somebody, probably you, wants a new password for your MelodyUD account.\n\n\
                 Open this link to choose one:\n\n{link}\n\nIt is good for one hour, once. If \
                 it was not you, there is nothing to do: your password stays as it is.\n"
            ),
        ),
        Self::LeaveEmail => (
            "Your address shall change",
            format!(
                "Somebody, probably you, wants another address for your MelodyUD account.\n\n\
                 Open this link to agree:\n\n{link}\n\nThe new address is asked as well. It is \
                 good for two days, once. If it was not you, do not open it, and change your \
                 password: someone is signed in as you.\n"
            ),
        ),
        Self::EnterEmail => (
            "Confirm your new address",
            format!(
                "This shall be the address of a MelodyUD account.\n\nOpen this link to confirm \
                 that it is yours:\n\n{link}\n\nThe old address is asked as well. It is good for \
                 two days, once. If you do not know of it, there is nothing to do.\n"
            ),
        ),
        Self::SessionEnded => (
            "One of your devices was signed out",
            "What kept one of your devices signed in to MelodyUD was used twice: by it, and by \
             someone who had a copy. That sign-in has ended.\n\nSign in again on that device. \
             If you do not know how there can be a copy, change your password.\n"
                .to_owned(),
        ),
        Self::PasswordChanged => (
            "Your password was changed",
            "The password of your MelodyUD account was changed, and all devices were signed \
             out.\n\nIf it was not you, choose a new one: in the app, by \"Forgot your \
             password?\".\n"
                .to_owned(),
        ),
    }
    }
}
