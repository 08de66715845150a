//! Mails with links: put among the outgoing in the transaction they belong to, sent afterwards.
//!
//! The link is made as the mail is sent, so that no secret waits in the database. A crash after
//! sending sends again, with another link: both are good, once each.

use std::{sync::Arc, time::Duration};

use credentials::{Letter, LinkToken};
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
pub struct What {
    #[serde(rename = "kind")]
    pub letter: Letter,
    #[serde(flatten)]
    pub to: Whom,
}

/// Of whom the address is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whom {
    Account(AccountId),
    /// Somebody typed this address; whether it has an account is found out later, so that the
    /// answer takes the same time.
    EmailHash(String),
}

impl MailJob {
    pub fn new(now_us: i64, letter: Letter, to: Whom) -> Self {
        let now_ms = u64::try_from(now_us / 1_000).unwrap_or(0);
        let id = uuid::Builder::from_unix_timestamp_millis(now_ms, &rand::random()).into_uuid();
        Self { id: id.to_string(), at_us: now_us, what: What { letter, to } }
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
        let found = match &what.to {
            Whom::EmailHash(hash) => self.store.account_by_email(hash).await?,
            Whom::Account(account) => self.store.account(*account).await?,
        };
        let Some(account) = found else { return Ok(true) };
        let Some(to) = self.mail_to(&account, what.letter).await? else { return Ok(true) };
        let now_us = (self.clock)();
        let purpose = what.letter.purpose();
        let token = purpose.map(|_| LinkToken::new(account.id()));
        let link = purpose.zip(token.as_ref()).map(|(purpose, token)| {
            format!("{}/account/{}#{}", self.public_url, purpose.page(), token.text())
        });
        if let Some((purpose, token)) = purpose.zip(token.as_ref()) {
            self.store.link_create(token, purpose, now_us).await?;
        }
        let (subject, text) = what.letter.texts(&link.unwrap_or_default());
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
    async fn mail_to(&self, of: &StoredAccount, letter: Letter) -> Result<Option<String>, Error> {
        if letter != Letter::EnterEmail {
            return self.email(of).await.map(Some);
        }
        match self.store.email_change_field(of.id()).await? {
            Some(field) => self.email_in(of.id(), &field).await.map(Some),
            None => Ok(None),
        }
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
