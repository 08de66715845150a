//! What privacy needs of others; the server wires it.

use std::{collections::HashSet, error::Error as StdError, fmt};

use async_trait::async_trait;
use domain::{AccountId, audit::RetentionClass, subject::Holding};
use web::ApiError;

pub use engine_sql::subject::{Page, Row};

/// A service that holds something about persons. Every service that does is one: a test of the
/// server fails where a table names persons and no holder speaks for it.
#[async_trait]
pub trait Holder: Send + Sync {
    fn service(&self) -> &'static str;

    /// All that it holds.
    fn holdings(&self) -> &'static [Holding];

    /// Some rows of one holding about a person, without what is secret.
    async fn rows(
        &self,
        of: &'static Holding,
        subject: &Subject,
        page: Page,
    ) -> Result<Vec<Row>, PeerError>;

    /// How much there is of one holding about a person.
    async fn n_rows(&self, of: &'static Holding, subject: &Subject) -> Result<u64, PeerError>;

    /// Files about a person: pictures, mails.
    async fn files(&self, _subject: &Subject) -> Result<Vec<HeldFile>, PeerError> {
        Ok(Vec::new())
    }

    /// Erases all that does not stay by [`domain::subject::OnErasure::Keep`]. It may be called
    /// again, after a crash or because something was written meanwhile: erasing what is not there
    /// is no error.
    async fn erase(&self, subject: &Subject) -> Result<(), PeerError>;
}

/// The person it is about.
#[derive(Clone, PartialEq, Eq)]
pub struct Subject {
    pub account: AccountId,
    /// Known as long as the erasure is not done.
    pub email: Option<String>,
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subject({})", self.account)
    }
}

/// A file about a person.
#[derive(Clone, PartialEq, Eq)]
pub struct HeldFile {
    pub name: String,
    pub bytes: Vec<u8>,
}

/// Who persons are.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// By the exact address.
    async fn account_by_email(&self, email: &str) -> Result<Option<AccountId>, PeerError>;

    async fn person(&self, account: AccountId) -> Result<Option<Person>, PeerError>;

    async fn exists(&self, account: AccountId) -> Result<bool, PeerError>;

    /// Puts the display name right.
    async fn rectify(&self, account: AccountId, display_name: &str) -> Result<(), PeerError>;

    /// Refuses where the server could not do without the account.
    async fn may_erase(&self, account: AccountId) -> Result<(), PeerError>;
}

/// What tells people apart.
#[derive(Clone, PartialEq, Eq)]
pub struct Person {
    pub email: String,
    pub display_name: String,
}

/// Where secrets are sealed under a key of each person's own.
#[async_trait]
pub trait Vault: Send + Sync {
    /// Puts a field in the place of what it held.
    async fn put(&self, of: AccountId, field: &str, bytes: &[u8]) -> Result<(), PeerError>;

    async fn get(&self, of: AccountId, field: &str) -> Result<Option<Vec<u8>>, PeerError>;

    /// Deleting what is not there is no error.
    async fn delete(&self, of: AccountId, field: &str) -> Result<(), PeerError>;

    /// Destroys the key of a person, and with it all that was ever sealed under it.
    async fn shred(&self, of: AccountId) -> Result<(), PeerError>;

    /// Accounts behind this one that have a key, in the order of their ids.
    async fn accounts_after(
        &self,
        after: AccountId,
        limit: u32,
    ) -> Result<Vec<AccountId>, PeerError>;
}

/// Something that is kept for a time only. For how long stands in the rules.
#[async_trait]
pub trait Retained: Send + Sync {
    /// As the rules name it: `audit_access`, `ended_sessions`.
    fn id(&self) -> &'static str;

    /// What it is, for people.
    fn what(&self) -> &'static str;

    /// The class of audit records it is about, where it is about those.
    fn class(&self) -> Option<RetentionClass> {
        None
    }

    /// How much is older than `before_us` and about nobody of `held`.
    async fn due(&self, before_us: i64, held: &Held) -> Result<u64, PeerError>;

    /// Drops that much. It may be cut off anywhere, and called again.
    async fn drop_before(&self, before_us: i64, held: &Held) -> Result<u64, PeerError>;
}

/// Persons whose data no rule drops: it must be kept by law, or they want it kept and not used.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Held {
    pub accounts: HashSet<AccountId>,
    /// By which the audit log names them, their cases and their erasures.
    pub tokens: HashSet<String>,
}

/// A peer did not do it.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// Its answer to who asked.
    #[error("{}", .0.message)]
    Refused(ApiError),

    #[error("cannot {operation}")]
    Failed {
        operation: &'static str,
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
}

impl PeerError {
    pub fn new(
        operation: &'static str,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self::Failed { operation, source: source.into() }
    }
}
