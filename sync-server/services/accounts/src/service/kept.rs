//! What others keep of accounts, looked up together for all who ask at the same time.

use std::{iter, sync::Arc};

use domain::{AccountId, plan::Tier};
use engine_sql::group::{self, Group};

use super::profile::BIRTH_DATE;
use crate::{
    Error,
    peer::{Held, Roles, Tiers, Vault},
    store::{Kept, StoredAccount},
};

/// Accounts looked up together.
const TOGETHER_MAX: usize = 128;

/// Those who keep something of accounts.
#[derive(Clone)]
pub struct Keepers {
    pub vault: Arc<dyn Vault>,
    pub tiers: Arc<dyn Tiers>,
    pub roles: Arc<dyn Roles>,
}

/// Asks them about an account, together with whoever asks at the same time.
pub struct Asker(Group<StoredAccount, Result<Found, Arc<Error>>>);

/// What they have of an account.
struct Found {
    email: Option<String>,
    birth_date: Option<String>,
    tier: Tier,
    held: Held,
}

impl Asker {
    pub fn start(keepers: Keepers) -> Self {
        let work = move |accounts: Vec<StoredAccount>| {
            let keepers = keepers.clone();
            async move { group::share(accounts.len(), keepers.find(&accounts).await) }
        };
        Self(Group::start(TOGETHER_MAX, |_| 1, work))
    }

    pub async fn kept(&self, of: &StoredAccount) -> Result<Kept, Error> {
        let found = self.0.ask(of.clone()).await.ok_or(Error::GroupEnded)?;
        let Found { email, birth_date, tier, held } = found.map_err(Error::Together)?;
        let email = email.ok_or(Error::Stored { what: "address" })?;
        Ok(Kept { email, birth_date, tier, held })
    }
}

impl Keepers {
    async fn find(&self, accounts: &[StoredAccount]) -> Result<Vec<Found>, Error> {
        let ids: Vec<AccountId> = accounts.iter().map(StoredAccount::id).collect();
        let fields: Vec<(AccountId, String)> = accounts.iter().flat_map(fields).collect();
        let (opened, tiers, held) = tokio::try_join!(
            self.vault.get_all(&fields),
            self.tiers.tiers(&ids),
            self.roles.held(&ids)
        )?;
        let mut texts = opened.into_iter().map(|bytes| String::from_utf8(bytes?).ok());
        let mut text = || texts.next().flatten();
        let of = accounts.iter().zip(tiers).zip(held);
        let found = of.map(|((account, tier), held)| Found {
            email: text(),
            birth_date: account.has_birth_date.then(&mut text).flatten(),
            tier,
            held,
        });
        Ok(found.collect())
    }
}

/// Of the vault: the address, and the birth date where there is one.
fn fields(of: &StoredAccount) -> impl Iterator<Item = (AccountId, String)> + use<> {
    let email = (of.id(), of.email_field.clone());
    let birth_date = of.has_birth_date.then(|| (of.id(), BIRTH_DATE.to_owned()));
    iter::once(email).chain(birth_date)
}
