//! Mails with links: put among the outgoing in the transaction they belong to, sent afterwards.
//!
//! The link is made as the mail is sent, so that no secret waits in the database. A crash after
//! sending sends again, with another link: both are good, once each.

use std::{sync::Arc, time::Duration};

use credentials::{LinkToken, Purpose};
use domain::AccountId;
use engine_sql::outbox::Message;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::{
    Error, Service,
    peer::{Mail, MailError},
    store::StoredAccount,
};

/// Outbox topic of mails that wait.
pub const TOPIC: &str = "accounts.mail";

/// Mails looked at in one round.
const BATCH_MAILS: u32 = 100;

/// How long to wait for a call before looking anyway, and between tries where mails do not go out.
const ROUND: Duration = Duration::from_secs(20);

/// A mail that could not be sent for so long is given up: a day.
const GIVE_UP_US: i64 = 24 * 60 * 60 * 1_000_000;

/// A mail that waits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MailJob {
    pub id: String,
    pub at_us: i64,
    pub what: What,
}

/// To whom, and what for.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum What {
    Verify {
        account: AccountId,
    },
    /// To the address that another one shall take the place of.
    LeaveEmail {
        account: AccountId,
    },
    /// To the one that shall.
    EnterEmail {
        account: AccountId,
    },
    /// Someone else had the sign-in.
    SessionEnded {
        account: AccountId,
    },
    PasswordChanged {
        account: AccountId,
    },
    /// Somebody typed this address; whether it has an account is found out later, so that the
    /// answer takes the same time.
    Reset {
        email_hash: String,
    },
}

impl MailJob {
    pub fn new(now_us: i64, what: What) -> Self {
        let now_ms = u64::try_from(now_us / 1_000).unwrap_or(0);
        let id = uuid::Builder::from_unix_timestamp_millis(now_ms, &rand::random()).into_uuid();
        Self { id: id.to_string(), at_us: now_us, what }
    }
}

impl Service {
    /// Sends what waits until `stopping`.
    pub async fn run(self: Arc<Self>, stopping: CancellationToken) {
        while !stopping.is_cancelled() {
            if let Err(error) = self.mails_send().await {
                tracing::error!(error = web::error::chain(&error), "mails wait to be sent");
            }
            tokio::select! {
                () = stopping.cancelled() => return,
                () = self.has_mail.notified() => {}
                () = tokio::time::sleep(ROUND) => {}
            }
        }
    }

    /// Sends what waits now. What cannot be sent now is left for the next round.
    pub async fn mails_send(&self) -> Result<(), Error> {
        for message in self.store.mails(BATCH_MAILS).await? {
            if self.mail_send(&message).await? {
                self.store.mail_settle(&message.id).await?;
            }
        }
        Ok(())
    }

    /// Whether it is done with.
    async fn mail_send(&self, message: &Message) -> Result<bool, Error> {
        let Ok(what) = serde_json::from_str::<What>(&message.body) else {
            tracing::error!(mail.id = message.id, "what waits among the mails is none; left out");
            return Ok(true);
        };
        let found = match &what {
            What::Reset { email_hash } => self.store.account_by_email(email_hash).await?,
            What::Verify { account }
            | What::LeaveEmail { account }
            | What::EnterEmail { account }
            | What::SessionEnded { account }
            | What::PasswordChanged { account } => self.store.account(*account).await?,
        };
        let Some(account) = found else { return Ok(true) };
        let Some(to) = self.mail_to(&account, &what).await? else { return Ok(true) };
        let now_us = (self.clock)();
        let purpose = what.purpose();
        let token = purpose.map(|_| LinkToken::new(account.id()));
        let link = purpose.zip(token.as_ref()).map(|(purpose, token)| {
            format!("{}/account/{}#{}", self.public_url, purpose.page(), token.text())
        });
        if let Some((purpose, token)) = purpose.zip(token.as_ref()) {
            self.store.link_create(token, purpose, now_us).await?;
        }
        let (subject, text) = texts(&what, &link.unwrap_or_default());
        let sent = self.mailer.send(Mail { to, subject: subject.to_owned(), text }).await;
        Ok(match sent {
            Ok(()) => true,
            Err(error) => {
                // The next try makes another; many of them would pile up while mails do not go out.
                if let Some(token) = &token {
                    self.store.link_delete(token).await?;
                }
                let is_final = error.is_final || now_us - message.at_us > GIVE_UP_US;
                log_unsent(message, &error, is_final);
                is_final
            }
        })
    }

    /// To which address; `None` where there is no need any more.
    async fn mail_to(&self, of: &StoredAccount, what: &What) -> Result<Option<String>, Error> {
        match what {
            What::EnterEmail { account } => match self.store.email_change_field(*account).await? {
                Some(field) => self.email_in(*account, &field).await.map(Some),
                None => Ok(None),
            },
            _ => self.email(of).await.map(Some),
        }
    }
}

impl What {
    /// Of the link in it, where there is one.
    fn purpose(&self) -> Option<Purpose> {
        match self {
            Self::Verify { .. } => Some(Purpose::VerifyEmail),
            Self::Reset { .. } => Some(Purpose::ResetPassword),
            Self::LeaveEmail { .. } => Some(Purpose::LeaveEmail),
            Self::EnterEmail { .. } => Some(Purpose::EnterEmail),
            Self::SessionEnded { .. } | Self::PasswordChanged { .. } => None,
        }
    }
}

/// Subject and text.
fn texts(what: &What, link: &str) -> (&'static str, String) {
    match what {
        What::Verify { .. } => (
            "Confirm your address",
            format!(
                "Welcome to MelodyUD.\n\nOpen this link to confirm that the address is \
                 yours:\n\n{link}\n\nIt is good for two days, once. If you did not sign up, \
                 there is nothing to do.\n"
            ),
        ),
        What::Reset { .. } => (
            "Choose a new password",
            format!(
                "Somebody, probably you, wants a new password for your MelodyUD account.\n\n\
                 Open this link to choose one:\n\n{link}\n\nIt is good for one hour, once. If \
                 it was not you, there is nothing to do: your password stays as it is.\n"
            ),
        ),
        What::LeaveEmail { .. } => (
            "Your address shall change",
            format!(
                "Somebody, probably you, wants another address for your MelodyUD account.\n\n\
                 Open this link to agree:\n\n{link}\n\nThe new address is asked as well. It is \
                 good for two days, once. If it was not you, do not open it, and change your \
                 password: someone is signed in as you.\n"
            ),
        ),
        What::EnterEmail { .. } => (
            "Confirm your new address",
            format!(
                "This shall be the address of a MelodyUD account.\n\nOpen this link to confirm \
                 that it is yours:\n\n{link}\n\nThe old address is asked as well. It is good for \
                 two days, once. If you do not know of it, there is nothing to do.\n"
            ),
        ),
        What::SessionEnded { .. } => (
            "One of your devices was signed out",
            "What kept one of your devices signed in to MelodyUD was used twice: by it, and by \
             someone who had a copy. That sign-in has ended.\n\nSign in again on that device. \
             If you do not know how there can be a copy, change your password.\n"
                .to_owned(),
        ),
        What::PasswordChanged { .. } => (
            "Your password was changed",
            "The password of your MelodyUD account was changed, and all devices were signed \
             out.\n\nIf it was not you, choose a new one: in the app, by \"Forgot your \
             password?\".\n"
                .to_owned(),
        ),
    }
}

fn log_unsent(message: &Message, error: &MailError, is_final: bool) {
    let error = web::error::chain(error);
    if is_final {
        tracing::error!(mail.id = message.id, error, "a mail was given up");
    } else {
        tracing::warn!(mail.id = message.id, error, "a mail waits to be sent again");
    }
}
