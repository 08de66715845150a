//! An account as its rows tell it.

use api::accounts::{Account, Visibility};
use domain::{
    Role,
    plan::{Standing, Subscription},
};
use engine_sql::sqlx::{Row as _, any::AnyRow};

use crate::Error;

/// An account with what its owner does not see of it.
#[derive(Clone, Debug)]
pub struct StoredAccount {
    /// Its tier is the one of [`Self::subscription`], once the time is known.
    account: Account,
    pub password_hash: String,
    pub subscription: Subscription,
    pub roles_version: u32,
    pub is_totp_on: bool,
}

impl StoredAccount {
    /// The account as its owner sees it at `now_us`.
    pub fn at(&self, now_us: i64) -> Account {
        let tier = self.subscription.clone().at(now_us).tier();
        Account { tier, ..self.account.clone() }
    }

    pub fn id(&self) -> domain::AccountId {
        self.account.id
    }

    pub fn roles(&self) -> &[Role] {
        &self.account.roles
    }
}

/// A query of whole accounts, named `a`; what follows says which.
macro_rules! account_sql {
    ($which:literal) => {
        concat!(
            "SELECT a.account_id, a.email, a.display_name, a.password_hash, a.roles,
                    a.created_at_us, a.visibility, a.country, a.language,
                    s.plan_id, s.standing, s.until_us, s.grace_us, s.had_trial, r.version, t.is_on,
                    a.email_verified_at_us
             FROM account a
             LEFT JOIN subscription s ON s.account_id = a.account_id
             LEFT JOIN role_change r ON r.account_id = a.account_id
             LEFT JOIN totp t ON t.account_id = a.account_id ",
            $which
        )
    };
}
pub(super) use account_sql;

pub(super) fn account(row: &AnyRow) -> Result<StoredAccount, Error> {
    let id: String = row.try_get(0)?;
    let roles: String = row.try_get(4)?;
    let visibility: String = row.try_get(6)?;
    let account = Account {
        id: id.parse().map_err(|_| Error::Stored { what: "account id" })?,
        email: row.try_get(1)?,
        is_email_verified: row.try_get::<Option<i64>, _>(16)?.is_some(),
        display_name: row.try_get(2)?,
        visibility: parse_visibility(&visibility)?,
        country: row.try_get(7)?,
        language: row.try_get(8)?,
        roles: parse_roles(&roles)?,
        tier: domain::plan::Tier::Free,
        created_at_us: row.try_get(5)?,
    };
    let version: Option<i64> = row.try_get(14)?;
    let is_totp_on: Option<i64> = row.try_get(15)?;
    Ok(StoredAccount {
        account,
        password_hash: row.try_get(3)?,
        subscription: subscription(row)?,
        roles_version: version.and_then(|version| u32::try_from(version).ok()).unwrap_or(0),
        is_totp_on: is_totp_on == Some(1),
    })
}

fn subscription(row: &AnyRow) -> Result<Subscription, Error> {
    let Some(standing) = row.try_get::<Option<String>, _>(10)? else {
        return Ok(Subscription::default());
    };
    let had_trial: i64 = row.try_get(13)?;
    Ok(Subscription {
        plan: row.try_get(9)?,
        standing: parse_standing(&standing, row.try_get(11)?)?,
        grace_us: row.try_get(12)?,
        had_trial: had_trial != 0,
    })
}

/// The name of a standing, and its end (0 where it has none).
pub(super) fn standing_columns(standing: Standing) -> (&'static str, i64) {
    match standing {
        Standing::Free => ("free", 0),
        Standing::Trial { until_us } => ("trial", until_us),
        Standing::Active { until_us } => ("active", until_us),
        Standing::Grace { until_us } => ("grace", until_us),
        Standing::Cancelled { until_us, was_trial: false } => ("cancelled", until_us),
        Standing::Cancelled { until_us, was_trial: true } => ("cancelled trial", until_us),
    }
}

fn parse_standing(name: &str, until_us: i64) -> Result<Standing, Error> {
    match name {
        "free" => Ok(Standing::Free),
        "trial" => Ok(Standing::Trial { until_us }),
        "active" => Ok(Standing::Active { until_us }),
        "grace" => Ok(Standing::Grace { until_us }),
        "cancelled" => Ok(Standing::Cancelled { until_us, was_trial: false }),
        "cancelled trial" => Ok(Standing::Cancelled { until_us, was_trial: true }),
        _ => Err(Error::Stored { what: "standing" }),
    }
}

pub(super) fn visibility_text(visibility: Visibility) -> &'static str {
    match visibility {
        Visibility::Private => "private",
        Visibility::Members => "members",
    }
}

fn parse_visibility(text: &str) -> Result<Visibility, Error> {
    match text {
        "private" => Ok(Visibility::Private),
        "members" => Ok(Visibility::Members),
        _ => Err(Error::Stored { what: "visibility" }),
    }
}

pub(super) fn roles_text(roles: &[Role]) -> String {
    roles.iter().map(|role| role.name()).collect::<Vec<_>>().join(" ")
}

pub(super) fn parse_roles(text: &str) -> Result<Vec<Role>, Error> {
    text.split(' ').map(|name| name.parse().map_err(|_| Error::Stored { what: "role" })).collect()
}
