//! An account as its rows tell it.

use api::accounts::{Account, Visibility};
use domain::{AccountId, plan::Tier};
use engine_sql::sqlx::{Row as _, any::AnyRow};

use crate::{Error, peer::Held};

/// An account with what its owner does not see of it, and without what others keep.
#[derive(Clone, Debug)]
pub struct StoredAccount {
    account: Account,
    /// Empty where there is none: the person signs in otherwise.
    pub password_hash: String,
    /// Of the vault, where the address is.
    pub email_field: String,
    /// By which it is reserved.
    pub email_hash: String,
    pub has_birth_date: bool,
}

/// What others keep of an account: its address and birth date are in the vault, its tier is
/// billing's, its roles are those of the service of roles.
#[derive(Clone, Debug)]
pub struct Kept {
    pub email: String,
    pub birth_date: Option<String>,
    pub tier: Tier,
    pub held: Held,
}

impl StoredAccount {
    /// The account as its owner sees it.
    pub fn with(&self, kept: Kept) -> Account {
        let Kept { email, birth_date, tier, held } = kept;
        Account { email, birth_date, tier, roles: held.roles, ..self.account.clone() }
    }

    /// The account without what others keep.
    pub fn bare(&self) -> &Account {
        &self.account
    }

    pub fn id(&self) -> AccountId {
        self.account.id
    }

    /// What a password is compared with.
    pub fn password(&self) -> Option<&str> {
        Some(self.password_hash.as_str()).filter(|hash| !hash.is_empty())
    }
}

/// The columns of a whole account, named `a`, as [`account`] reads them.
macro_rules! account_columns {
    () => {
        "a.account_id, a.display_name, a.password_hash, a.created_at_us, a.visibility, a.country, \
         a.language, a.email_verified_at_us, a.email_field, a.email_hash, a.has_birth_date, a.avatar"
    };
}
pub(super) use account_columns;

/// How many those are.
pub(super) const N_COLUMNS: usize = 12;

/// A query of whole accounts, named `a`; what follows says which.
macro_rules! account_sql {
    ($which:literal) => {
        concat!("SELECT ", $crate::store::row::account_columns!(), " FROM account a ", $which)
    };
}
pub(super) use account_sql;

pub(super) fn account(row: &AnyRow) -> Result<StoredAccount, Error> {
    let id: String = row.try_get(0)?;
    let visibility: String = row.try_get(4)?;
    let account = Account {
        id: account_id(&id)?,
        email: String::new(),
        is_email_verified: row.try_get::<Option<i64>, _>(7)?.is_some(),
        display_name: row.try_get(1)?,
        visibility: parse_visibility(&visibility)?,
        country: row.try_get(5)?,
        language: row.try_get(6)?,
        birth_date: None,
        avatar: row.try_get(11)?,
        roles: Vec::new(),
        tier: Tier::Free,
        created_at_us: row.try_get(3)?,
    };
    Ok(StoredAccount {
        account,
        password_hash: row.try_get(2)?,
        email_field: row.try_get(8)?,
        email_hash: row.try_get(9)?,
        has_birth_date: row.try_get::<i64, _>(10)? != 0,
    })
}

pub(super) fn account_id(text: &str) -> Result<AccountId, Error> {
    text.parse().map_err(|_| Error::Stored { what: "account id" })
}

fn parse_visibility(text: &str) -> Result<Visibility, Error> {
    let found = Visibility::ALL.into_iter().find(|visibility| visibility.name() == text);
    found.ok_or(Error::Stored { what: "visibility" })
}
