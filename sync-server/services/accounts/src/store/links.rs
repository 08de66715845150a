//! The SQL of links in mails, and of what they open.

use credentials::{Letter, LinkToken, Purpose};
use domain::{AccountId, SessionId, audit::Act};
use engine_sql::{
    Tx, acts, outbox,
    sqlx::{self, AnyConnection},
};

use super::{
    Store,
    sessions::{Which, end_which},
};
use crate::{
    Error,
    mails::{MailJob, TOPIC, Whom},
};

impl Store {
    /// Puts a mail among those to be sent.
    pub async fn mail_put(&self, job: &MailJob) -> Result<(), Error> {
        self.db.with_tx(|mut tx| async move { put_mail(&mut tx, job).await }).await
    }

    /// Mails to be sent, the oldest first.
    pub async fn mails(&self, limit: u32) -> Result<Vec<outbox::Message>, Error> {
        Ok(outbox::pending(&self.db, TOPIC, limit).await?)
    }

    /// Forgets a mail that was sent, or never will be.
    pub async fn mail_settle(&self, id: &str) -> Result<(), Error> {
        Ok(outbox::settle(&self.db, TOPIC, &[id]).await?)
    }

    /// Makes a link good for as long as its purpose has it. What expired is a retention rule's to
    /// drop, which leaves that of persons whose data is held.
    pub async fn link_create(
        &self,
        token: &LinkToken,
        purpose: Purpose,
        now_us: i64,
    ) -> Result<(), Error> {
        self.db
            .with_tx(|mut tx| async move {
                sqlx::query(
                    "INSERT INTO link (account_id, token_hash, purpose, until_us)
                     VALUES ($1, $2, $3, $4)",
                )
                .bind(token.account.to_string())
                .bind(token.hash())
                .bind(purpose.name())
                .bind(now_us + purpose.life_us())
                .execute(&mut *tx)
                .await?;
                Ok(())
            })
            .await
    }

    /// Forgets a link that nobody was sent.
    pub async fn link_delete(&self, token: &LinkToken) -> Result<(), Error> {
        self.db
            .with_tx(|mut tx| async move {
                sqlx::query("DELETE FROM link WHERE account_id = $1 AND token_hash = $2")
                    .bind(token.account.to_string())
                    .bind(token.hash())
                    .execute(&mut *tx)
                    .await?;
                Ok(())
            })
            .await
    }

    /// Marks the address as one that its person reads; `false` where the link is not good.
    pub async fn email_verify(&self, token: &LinkToken, act: &Act) -> Result<bool, Error> {
        self.db
            .with_tx(|mut tx| async move {
                if !use_up(&mut tx, token, Purpose::VerifyEmail, act.at_us).await? {
                    return Ok(false);
                }
                mark_verified(&mut tx, token.account, act.at_us).await?;
                acts::put(&mut tx, act).await?;
                Ok(true)
            })
            .await
    }

    /// Changes the password and ends all sessions; `None` where the link is not good.
    pub async fn password_reset(
        &self,
        token: &LinkToken,
        password_hash: &str,
        act: &Act,
    ) -> Result<Option<Vec<SessionId>>, Error> {
        self.db.with_tx(|tx| reset(tx, token, password_hash, act)).await
    }
}

pub(super) async fn put_mail(tx: &mut AnyConnection, job: &MailJob) -> Result<(), Error> {
    let body = serde_json::to_string(&job.what).map_err(Error::Mail)?;
    Ok(outbox::put(tx, TOPIC, &job.id, job.at_us, &body).await?)
}

async fn reset(
    mut tx: Tx,
    token: &LinkToken,
    password_hash: &str,
    act: &Act,
) -> Result<Option<Vec<SessionId>>, Error> {
    let account = token.account;
    if !use_up(&mut tx, token, Purpose::ResetPassword, act.at_us).await? {
        return Ok(None);
    }
    // Other links of this kind were asked for by someone who does not have the new password.
    sqlx::query("DELETE FROM link WHERE account_id = $1 AND purpose = $2")
        .bind(account.to_string())
        .bind(Purpose::ResetPassword.name())
        .execute(&mut *tx)
        .await?;
    sqlx::query("UPDATE account SET password_hash = $2 WHERE account_id = $1")
        .bind(account.to_string())
        .bind(password_hash.to_owned())
        .execute(&mut *tx)
        .await?;
    // Whoever reads the mail has the address.
    mark_verified(&mut tx, account, act.at_us).await?;
    let ended = end_which(&mut tx, account, Which::All, "password reset", act.at_us).await?;
    put_mail(&mut tx, &MailJob::new(act.at_us, Letter::PasswordChanged, Whom::Account(account)))
        .await?;
    acts::put(&mut tx, act).await?;
    Ok(Some(ended))
}

/// `false` where there is no such link, or it expired.
pub(super) async fn use_up(
    tx: &mut AnyConnection,
    token: &LinkToken,
    purpose: Purpose,
    now_us: i64,
) -> Result<bool, Error> {
    let done = sqlx::query(
        "DELETE FROM link
         WHERE account_id = $1 AND token_hash = $2 AND purpose = $3 AND until_us > $4",
    )
    .bind(token.account.to_string())
    .bind(token.hash())
    .bind(purpose.name())
    .bind(now_us)
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

async fn mark_verified(
    tx: &mut AnyConnection,
    account: AccountId,
    now_us: i64,
) -> Result<(), Error> {
    sqlx::query(
        "UPDATE account SET email_verified_at_us = $2
         WHERE account_id = $1 AND email_verified_at_us IS NULL",
    )
    .bind(account.to_string())
    .bind(now_us)
    .execute(tx)
    .await?;
    Ok(())
}
