//! An account as its rows tell it.

use api::accounts::{Account, Visibility};
use domain::{Role, access::roles_parse, plan::Tier};
use engine_sql::sqlx::{Row as _, any::AnyRow};

use crate::Error;

/// An account with what its owner does not see of it, and without what others keep: its address
/// and birth date are in the vault, its tier is billing's.
#[derive(Clone, Debug)]
pub struct StoredAccount {
    account: Account,
    /// Empty where there is none: the person signs in otherwise.
    pub password_hash: String,
    pub roles_version: u32,
    /// Of the vault, where the address is.
    pub email_field: String,
    /// By which it is reserved.
    pub email_hash: String,
    pub has_birth_date: bool,
}

impl StoredAccount {
    /// The account as its owner sees it.
    pub fn with(&self, email: String, birth_date: Option<String>, tier: Tier) -> Account {
        Account { email, birth_date, tier, ..self.account.clone() }
    }

    /// The account without address, birth date and tier.
    pub fn bare(&self) -> &Account {
        &self.account
    }

    pub fn id(&self) -> domain::AccountId {
        self.account.id
    }

    pub fn roles(&self) -> &[Role] {
        &self.account.roles
    }

    /// What a password is compared with.
    pub fn password(&self) -> Option<&str> {
        Some(self.password_hash.as_str()).filter(|hash| !hash.is_empty())
    }
}

/// A query of whole accounts, named `a`; what follows says which.
macro_rules! account_sql {
    ($which:literal) => {
        concat!(
            "SELECT a.account_id, a.display_name, a.password_hash, a.roles, a.created_at_us,
                    a.visibility, a.country, a.language, r.version, a.email_verified_at_us,
                    a.email_field, a.email_hash, a.has_birth_date, a.avatar
             FROM account a
             LEFT JOIN role_change r ON r.account_id = a.account_id ",
            $which
        )
    };
}
pub(super) use account_sql;

pub(super) fn account(row: &AnyRow) -> Result<StoredAccount, Error> {
    let id: String = row.try_get(0)?;
    let roles: String = row.try_get(3)?;
    let visibility: String = row.try_get(5)?;
    let version: Option<i64> = row.try_get(8)?;
    let account = Account {
        id: id.parse().map_err(|_| Error::Stored { what: "account id" })?,
        email: String::new(),
        is_email_verified: row.try_get::<Option<i64>, _>(9)?.is_some(),
        display_name: row.try_get(1)?,
        visibility: parse_visibility(&visibility)?,
        country: row.try_get(6)?,
        language: row.try_get(7)?,
        birth_date: None,
        avatar: row.try_get(13)?,
        roles: roles_parse(&roles).map_err(|_| Error::Stored { what: "role" })?,
        tier: Tier::Free,
        created_at_us: row.try_get(4)?,
    };
    Ok(StoredAccount {
        account,
        password_hash: row.try_get(2)?,
        roles_version: version.and_then(|version| u32::try_from(version).ok()).unwrap_or(0),
        email_field: row.try_get(10)?,
        email_hash: row.try_get(11)?,
        has_birth_date: row.try_get::<i64, _>(12)? != 0,
    })
}

fn parse_visibility(text: &str) -> Result<Visibility, Error> {
    let found = Visibility::ALL.into_iter().find(|visibility| visibility.name() == text);
    found.ok_or(Error::Stored { what: "visibility" })
}
