//! Mails that are files: found again for the person they were written to.
//!
//! No index is kept of who got what. A mail is known by its address, and by the links in it, whose
//! tokens begin with the account: it is found as well after the address changed.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use credentials::LinkToken;
use domain::AccountId;
use lettre::message::Mailbox;

/// The folder of mails that were not sent.
#[derive(Clone, Debug)]
pub struct MailFolder {
    path: PathBuf,
}

impl MailFolder {
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// The mails that were written to a person.
    pub fn mails_to(&self, account: AccountId, email: Option<&str>) -> io::Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        for path in self.files()? {
            if addressee(&path)?.is_some_and(|to| to.is(account, email)) {
                found.push(path);
            }
        }
        Ok(found)
    }

    /// The mails that were written before.
    pub fn mails_before(&self, before: SystemTime) -> io::Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        for path in self.files()? {
            let Some(about) = gone_is_none(fs::metadata(&path))? else { continue };
            if about.modified()? < before {
                found.push(path);
            }
        }
        Ok(found)
    }

    fn files(&self) -> io::Result<Vec<PathBuf>> {
        let Some(entries) = gone_is_none(fs::read_dir(&self.path))? else { return Ok(Vec::new()) };
        entries.map(|entry| Ok(entry?.path())).collect()
    }
}

/// Deleting what is not there is no error.
pub fn delete(path: &Path) -> io::Result<()> {
    gone_is_none(fs::remove_file(path)).map(drop)
}

fn gone_is_none<T>(answer: io::Result<T>) -> io::Result<Option<T>> {
    match answer {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        answer => answer.map(Some),
    }
}

/// To whom a mail is.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Addressee {
    /// As it was when the mail was written.
    pub address: Option<String>,
    /// By the links in it.
    pub accounts: Vec<AccountId>,
}

/// `None` where the mail is gone.
pub fn addressee(path: &Path) -> io::Result<Option<Addressee>> {
    let mail = gone_is_none(fs::read(path))?;
    Ok(mail.map(|mail| Addressee::of(&String::from_utf8_lossy(&mail))))
}

impl Addressee {
    fn of(mail: &str) -> Self {
        let (head, body) = mail.split_once("\r\n\r\n").unwrap_or((mail, ""));
        // Long headers go on in lines that begin with a blank (RFC 5322, section 2.2.3).
        let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let to = head.lines().find_map(|line| line.strip_prefix("To: "));
        let address = to.and_then(|to| to.trim().parse::<Mailbox>().ok());
        // Long lines are folded with a `=` at their end (RFC 2045, section 6.7).
        let body = body.replace("=\r\n", "");
        let links = body.split_whitespace().filter_map(|word| word.split_once('#'));
        let accounts = links.filter_map(|(_, token)| Some(LinkToken::parse(token)?.account));
        Self { address: address.map(|to| to.email.to_string()), accounts: accounts.collect() }
    }

    fn is(&self, account: AccountId, email: Option<&str>) -> bool {
        let is_addressed =
            self.address.as_ref().zip(email).is_some_and(|(address, email)| {
                address.to_lowercase() == email.trim().to_lowercase()
            });
        is_addressed || self.accounts.contains(&account)
    }
}

#[cfg(test)]
mod tests {
    use svc_accounts::peer::{Mail, Mailer as _};

    use super::*;
    use crate::{config, mail::Post};

    async fn write(folder: &Path, to: &str, text: &str) {
        let post = Post::open(&config::Mail::default(), folder).unwrap();
        let mail = Mail { to: to.into(), subject: "Hello".into(), text: text.into() };
        post.send(mail).await.unwrap();
    }

    fn texts(paths: &[PathBuf]) -> Vec<String> {
        paths.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
    }

    #[tokio::test]
    async fn mails_are_found_by_address_and_by_link() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mails");
        let mails = MailFolder::new(path.clone());
        let (ann, bob) = (AccountId::new(1, [1; 10]), AccountId::new(2, [2; 10]));
        assert!(mails.mails_to(ann, None).unwrap().is_empty(), "there is no folder yet");
        let link = |of| {
            let token = LinkToken::new(of).text();
            format!("Open this:\n\nhttps://music.example.org/account/verify#{token}\n\nÜ\n")
        };
        write(&path, "ann@example.org", "no link").await;
        write(&path, "Ann@Example.org", &link(ann)).await;
        write(&path, "ann.before@example.org", &link(ann)).await;
        write(&path, "bob@example.org", &link(bob)).await;
        write(&path, "joann@example.org", "about ann@example.org").await;

        assert_eq!(mails.mails_to(ann, Some("ann@example.org")).unwrap().len(), 3);
        assert_eq!(mails.mails_to(ann, None).unwrap().len(), 2, "by their links alone");
        for found in mails.mails_to(ann, Some("ann@example.org")).unwrap() {
            delete(&found).unwrap();
            delete(&found).unwrap();
        }
        let left = texts(&mails.files().unwrap());
        assert_eq!(left.len(), 2);
        assert!(left.iter().any(|mail| mail.contains("To: bob@")), "{left:?}");
        assert!(left.iter().any(|mail| mail.contains("To: joann@")), "{left:?}");
    }

    #[tokio::test]
    async fn mails_are_found_by_age() {
        let folder = tempfile::tempdir().unwrap();
        let mails = MailFolder::new(folder.path().to_owned());
        write(folder.path(), "ann@example.org", "x").await;
        let hour = std::time::Duration::from_hours(1);
        let now = SystemTime::now();
        assert!(mails.mails_before(now - hour).unwrap().is_empty());
        assert_eq!(mails.mails_before(now + hour).unwrap().len(), 1);
    }
}
