//! Mails: to an SMTP server, or into files where none is configured.

pub mod folder;

use std::{fs, path::Path, time::Duration};

use anyhow::Context as _;
use async_trait::async_trait;
use lettre::{
    AsyncFileTransport, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
};
use svc_accounts::peer::{Mail, MailError, Mailer};

use crate::config;

/// Longest that an SMTP server may take for one step.
const SMTP_TIMEOUT: Duration = Duration::from_secs(20);

/// How mails go out.
pub struct Post {
    from: Mailbox,
    transport: Transport,
}

enum Transport {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Folder(AsyncFileTransport<Tokio1Executor>),
}

impl Post {
    /// `folder` is where mails are written to without an SMTP server.
    pub fn open(settings: &config::Mail, folder: &Path) -> anyhow::Result<Self> {
        let from =
            settings.from.parse().with_context(|| format!("mail.from: {}", settings.from))?;
        let transport = if let Some(url) = &settings.smtp {
            // The URL may hold a password: it is not shown.
            let smtp = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
                .context("mail.smtp is not a URL of an SMTP server")?;
            Transport::Smtp(smtp.timeout(Some(SMTP_TIMEOUT)).build())
        } else {
            let cannot = || format!("cannot make the folder of mails {}", folder.display());
            fs::create_dir_all(folder).with_context(cannot)?;
            Transport::Folder(AsyncFileTransport::new(folder))
        };
        Ok(Self { from, transport })
    }

    async fn post(&self, mail: Mail) -> Result<(), MailError> {
        let never =
            |source: Box<dyn std::error::Error + Send + Sync>| MailError { is_final: true, source };
        let address = mail.to.clone();
        let to: Mailbox = mail.to.parse().map_err(|error| never(Box::new(error)))?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(mail.subject)
            .header(ContentType::TEXT_PLAIN)
            .body(mail.text)
            .map_err(|error| never(Box::new(error)))?;
        match &self.transport {
            Transport::Smtp(smtp) => match smtp.send(message).await {
                Ok(_) => Ok(()),
                Err(error) => {
                    let told = without(&web::error::chain(&error), &address);
                    Err(MailError { is_final: error.is_permanent(), source: told.into() })
                }
            },
            Transport::Folder(folder) => match folder.send(message).await {
                Ok(id) => {
                    tracing::info!(mail.id = id, "a mail was written to a file");
                    Ok(())
                }
                Err(error) => Err(MailError { is_final: false, source: Box::new(error) }),
            },
        }
    }
}

/// SMTP servers quote the address in what they answer, which is logged: addresses have no place there.
fn without(text: &str, address: &str) -> String {
    // Of ASCII alone: the places of all bytes stay the same.
    let (searched, wanted) = (text.to_ascii_lowercase(), address.to_ascii_lowercase());
    let (mut left, mut from) = (String::new(), 0);
    for (at, found) in searched.match_indices(&wanted) {
        left = left + &text[from..at] + "(address)";
        from = at + found.len();
    }
    left + &text[from..]
}

#[async_trait]
impl Mailer for Post {
    async fn send(&self, mail: Mail) -> Result<(), MailError> {
        self.post(mail).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(to: &str) -> Mail {
        Mail { to: to.into(), subject: "Grüße".into(), text: "one\ntwo\n".into() }
    }

    #[tokio::test]
    async fn without_a_server_mails_are_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mails");
        let post = Post::open(&config::Mail::default(), &path).unwrap();
        post.send(mail("ann@example.org")).await.unwrap();
        let file = fs::read_dir(&path).unwrap().next().unwrap().unwrap().path();
        let text = fs::read_to_string(file).unwrap();
        assert!(text.contains("To: ann@example.org") && text.contains("one\r\ntwo"), "{text}");
        // Nobody adds a header by way of an address.
        let refused = post.send(mail("ann@example.org\r\nBcc: all@example.org")).await;
        assert!(refused.unwrap_err().is_final);
    }

    #[test]
    fn addresses_are_not_told_to_the_log() {
        let said = "permanent error (550): <Ann@Example.org>: ann@example.org is unknown";
        let told = "permanent error (550): <(address)>: (address) is unknown";
        assert_eq!(without(said, "ann@example.org"), told);
        assert_eq!(without("<änn@example.org>", "änn@EXAMPLE.org"), "<(address)>");
        assert_eq!(without("connection refused", "ann@example.org"), "connection refused");
    }

    #[tokio::test]
    async fn a_server_that_is_away_is_tried_again() {
        let folder = tempfile::tempdir().unwrap();
        let settings = config::Mail {
            // Nobody listens on the port of discarding.
            smtp: Some("smtp://127.0.0.1:9".into()),
            ..config::Mail::default()
        };
        let post = Post::open(&settings, folder.path()).unwrap();
        assert!(!post.send(mail("ann@example.org")).await.unwrap_err().is_final);
        for (smtp, from) in [("http://x", "a@example.org"), ("smtp://x", "nobody")] {
            let settings = config::Mail { smtp: Some(smtp.into()), from: from.into() };
            assert!(Post::open(&settings, folder.path()).is_err(), "{smtp} {from}");
        }
    }
}
