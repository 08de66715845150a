//! The address of an account: in the vault, found by a keyed hash, changed when both the old and
//! the new one have confirmed.

use std::net::IpAddr;

use api::accounts::{EmailChangeStart, EmailChanged};
use credentials::{Email, Letter, LinkToken, Purpose};
use domain::AccountId;
use engine_sql::acts::{self, By};
use web::ApiError;

use super::{Service, gone, network};
use crate::{
    Error,
    mails::{MailJob, Whom},
    peer::Vault,
    store::{EmailChange, MovedEmail, Store, StoredAccount},
};

/// Addresses moved in one go.
const MOVED_MAX: i64 = 500;

/// A field of the vault for an address. Each has one of its own, so that which one counts is
/// decided in the database alone.
pub(super) fn field() -> String {
    format!("email.{:016x}", rand::random::<u64>())
}

/// Moves addresses from the database to the vault, where they were before there was one. Cut off
/// anywhere, the next start goes on.
pub(super) async fn move_to_vault(
    store: &Store,
    vault: &dyn Vault,
    now_us: i64,
) -> Result<(), Error> {
    loop {
        let found = store.emails_in_the_open(MOVED_MAX).await?;
        if found.is_empty() {
            return Ok(());
        }
        for (account, text) in found {
            let email = Email::parse(&text)?;
            let moved = MovedEmail {
                account,
                field: field(),
                unkeyed_hash: email.unkeyed_hash(),
                hash: vault.lookup_hash(&email.folded()),
                now_us,
            };
            vault.put(account, &moved.field, text.as_bytes()).await?;
            store.email_moved(&moved).await?;
        }
    }
}

impl Service {
    pub(crate) async fn email(&self, account: &StoredAccount) -> Result<String, Error> {
        self.email_in(account.id(), &account.email_field).await
    }

    pub(crate) async fn email_in(&self, of: AccountId, field: &str) -> Result<String, Error> {
        let bytes = self.vault.get(of, field).await?;
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        text.ok_or(Error::Stored { what: "address" })
    }

    /// Sends a link to the old and one to the new address. Beginning again forgets the one before.
    pub async fn email_change_start(
        &self,
        id: AccountId,
        asked: &EmailChangeStart,
    ) -> Result<(), Error> {
        let now_us = (self.clock)();
        let account = self.store.account(id).await?.ok_or_else(gone)?;
        let email = Email::parse(&asked.email)?;
        let hash = self.lookup(&email);
        if hash == account.email_hash {
            return Err(ApiError::conflict("This is the address already.", "").into());
        }
        self.throttles.mail_to.take(account.email_hash.clone(), now_us)?;
        self.throttles.mail_to.take(hash.clone(), now_us)?;
        let change = EmailChange { account: id, field: field(), hash };
        self.vault.put(id, &change.field, email.as_str().as_bytes()).await?;
        let act = By::account(id, now_us).security("email_change_start", acts::account(id));
        let mails = [Letter::LeaveEmail, Letter::EnterEmail]
            .map(|letter| MailJob::new(now_us, letter, Whom::Account(id)));
        let until_us = now_us + Purpose::EnterEmail.life_us();
        let before = self.store.email_change_start(&change, until_us, &mails, &act).await?;
        self.acted();
        self.has_mail.notify_one();
        self.forget_field(id, before).await
    }

    /// Takes the link of one side. The address changes with the second one.
    pub async fn email_change_confirm(
        &self,
        token: &str,
        from: Option<IpAddr>,
    ) -> Result<EmailChanged, Error> {
        let now_us = (self.clock)();
        self.throttles.link_from.take(network(from), now_us)?;
        let token = LinkToken::parse(token).ok_or_else(super::recovery::not_good)?;
        let by = By::account(token.account, now_us);
        let act = by.security("email_change", acts::account(token.account));
        let confirmed = self.store.email_change_confirm(&token, &act).await?;
        let before = confirmed.ok_or_else(super::recovery::not_good)?;
        let Some(before) = before else { return Ok(EmailChanged { is_done: false }) };
        self.acted();
        self.forget_field(token.account, Some(before)).await?;
        Ok(EmailChanged { is_done: true })
    }

    async fn forget_field(&self, of: AccountId, field: Option<String>) -> Result<(), Error> {
        match field {
            Some(field) => Ok(self.vault.delete(of, &field).await?),
            None => Ok(()),
        }
    }
}
