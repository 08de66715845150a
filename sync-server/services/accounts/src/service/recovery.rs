//! By mail: proving that an address is one's own, and choosing a new password.

use std::net::IpAddr;

use api::accounts::{PasswordResetFinish, PasswordResetStart};
use credentials::{Email, Letter, LinkToken, password};
use domain::AccountId;
use engine_sql::acts::{self, By};
use web::ApiError;

use super::{Service, gone, network, seconds};
use crate::{
    Error,
    mails::{MailJob, Whom},
};

impl Service {
    /// Sends the link again.
    pub async fn email_verify_start(&self, id: AccountId) -> Result<(), Error> {
        let now_us = (self.clock)();
        let account = self.store.account(id).await?.ok_or_else(gone)?;
        if account.bare().is_email_verified {
            return Err(ApiError::conflict("The address is confirmed already.", "").into());
        }
        self.throttles.mail_to.take(account.email_hash, now_us)?;
        self.store.mail_put(&MailJob::new(now_us, Letter::Verify, Whom::Account(id))).await?;
        self.has_mail.notify_one();
        Ok(())
    }

    pub async fn email_verify(&self, token: &str, from: Option<IpAddr>) -> Result<(), Error> {
        let now_us = (self.clock)();
        self.throttles.link_from.take(network(from), now_us)?;
        let token = LinkToken::parse(token).ok_or_else(not_good)?;
        let by = By::account(token.account, now_us);
        let act = by.privacy("account_verify_email", acts::account(token.account));
        if !self.store.email_verify(&token, &act).await? {
            return Err(not_good().into());
        }
        self.acted();
        Ok(())
    }

    /// Sends a link, where the address has an account. The answer tells nothing of that, nor does
    /// its time: who has the address is looked up afterwards.
    pub async fn password_reset_start(
        &self,
        asked: &PasswordResetStart,
        from: Option<IpAddr>,
    ) -> Result<(), Error> {
        let now_us = (self.clock)();
        self.throttles.link_from.take(network(from), now_us)?;
        let email_hash = self.lookup(&Email::parse(&asked.email)?);
        self.throttles.mail_to.take(email_hash.clone(), now_us)?;
        self.store
            .mail_put(&MailJob::new(now_us, Letter::Reset, Whom::EmailHash(email_hash)))
            .await?;
        self.has_mail.notify_one();
        Ok(())
    }

    /// Changes the password and signs out everywhere. A second factor stays on.
    pub async fn password_reset_finish(
        &self,
        asked: &PasswordResetFinish,
        from: Option<IpAddr>,
    ) -> Result<(), Error> {
        let now_us = (self.clock)();
        self.throttles.link_from.take(network(from), now_us)?;
        let token = LinkToken::parse(&asked.token).ok_or_else(not_good)?;
        let account = self.store.account(token.account).await?.ok_or_else(not_good)?;
        // The link is still good after a password that cannot be taken.
        password::check(&asked.password, &Email::parse(&self.email(&account).await?)?)?;
        let hash = self.hasher.hash(&asked.password).await?;
        let by = By::account(token.account, now_us);
        let act = by.security("password_reset", acts::account(token.account));
        let ended = self.store.password_reset(&token, &hash, &act).await?.ok_or_else(not_good)?;
        for session in ended {
            self.keys.end_session(session, seconds(now_us));
        }
        self.acted();
        self.has_mail.notify_one();
        tracing::info!(account.id = %token.account, "password reset");
        Ok(())
    }
}

pub(super) fn not_good() -> ApiError {
    ApiError::invalid("This link is not good any more.", "Ask for another one.")
}
