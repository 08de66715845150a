//! What the rights of persons need of everybody: what each service holds about them, and for how
//! long. A new service with tables that name persons is added to [`holders`]; a test of the wiring
//! fails until it is.

mod held;
mod retained;

use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    AccountId,
    audit::{RetentionClass, Token},
};
use engine_sql::{Db, acts};
use svc_governance::Vault;
use svc_privacy::peer::{Accounts, Holder, PeerError, Person, Retained};

use self::{
    held::{Mails, Outbox, Sealed, Tables},
    retained::{Contents, OfAccounts, OldMails},
};
use crate::mail::folder::MailFolder;

/// Everyone who is asked.
pub struct Sources {
    pub db: Db,
    pub accounts: Arc<svc_accounts::Service>,
    pub billing: Arc<svc_billing::Service>,
    pub mfa: Arc<svc_mfa::Service>,
    pub signin: Arc<svc_signin::Service>,
    pub governance: Arc<svc_governance::Service>,
    pub uploads: Arc<svc_uploads::Service>,
    pub vault: Arc<Vault>,
    pub mails: MailFolder,
}

/// Everyone who holds something about persons, in the order in which an erasure asks: first the
/// accounts, so that nobody is signed in any more who could write, the mails when none is written
/// any more.
pub fn holders(of: &Sources) -> Vec<Arc<dyn Holder>> {
    let tables = |service, holdings| Tables { service, holdings, db: of.db.clone(), eraser: None };
    vec![
        Arc::new(tables("accounts", svc_accounts::HOLDINGS).erased_by(&of.accounts)),
        Arc::new(tables("roles", svc_roles::HOLDINGS)),
        Arc::new(tables("billing", svc_billing::HOLDINGS).erased_by(&of.billing)),
        Arc::new(tables("offline", svc_offline::HOLDINGS)),
        Arc::new(tables("mfa", svc_mfa::HOLDINGS).erased_by(&of.mfa)),
        Arc::new(tables("signin", svc_signin::HOLDINGS).erased_by(&of.signin)),
        Arc::new(tables("catalog", svc_catalog::HOLDINGS)),
        Arc::new(tables("uploads", svc_uploads::HOLDINGS).erased_by(&of.uploads)),
        Arc::new(Outbox { db: of.db.clone() }),
        Arc::new(Mails { folder: of.mails.clone() }),
        Arc::new(tables("audit", svc_governance::LOG_HOLDINGS)),
        Arc::new(Sealed { db: of.db.clone(), vault: of.vault.clone() }),
    ]
}

/// What is kept for a time only.
pub fn retained(of: &Sources) -> Vec<Arc<dyn Retained>> {
    let contents = [RetentionClass::Access, RetentionClass::Privacy, RetentionClass::Security]
        .map(|class| Arc::new(Contents { log: of.governance.clone(), class }) as Arc<dyn Retained>);
    let of_accounts = [svc_accounts::Retained::EndedSessions, svc_accounts::Retained::ExpiredLinks]
        .map(|what| {
            Arc::new(OfAccounts { accounts: of.accounts.clone(), what }) as Arc<dyn Retained>
        });
    let mails = OldMails { folder: of.mails.clone(), accounts: of.accounts.clone() };
    let mails = Arc::new(mails) as Arc<dyn Retained>;
    contents.into_iter().chain(of_accounts).chain([mails]).collect()
}

/// Who persons are, and whom the server cannot do without.
pub fn accounts(
    accounts: &Arc<svc_accounts::Service>,
    roles: &Arc<svc_roles::Roles>,
) -> Arc<dyn Accounts> {
    Arc::new(AccountsOfPrivacy { accounts: Arc::clone(accounts), roles: Arc::clone(roles) })
}

/// Whose data is kept and not used, for the catalog.
pub fn restrictions_of_catalog(
    privacy: &Arc<svc_privacy::Service>,
) -> Arc<dyn svc_catalog::peer::Restrictions> {
    Arc::new(RestrictionsOfCatalog(Arc::clone(privacy)))
}

/// What is sealed under the keys of persons.
pub fn vault(vault: &Arc<Vault>) -> Arc<dyn svc_privacy::peer::Vault> {
    Arc::new(VaultOfPrivacy(Arc::clone(vault)))
}

struct AccountsOfPrivacy {
    accounts: Arc<svc_accounts::Service>,
    roles: Arc<svc_roles::Roles>,
}

#[async_trait]
impl Accounts for AccountsOfPrivacy {
    async fn account_by_email(&self, email: &str) -> Result<Option<AccountId>, PeerError> {
        self.accounts.account_find(email).await.map_err(of_accounts("find an account"))
    }

    async fn person(&self, account: AccountId) -> Result<Option<Person>, PeerError> {
        match self.accounts.account(account).await {
            Ok(account) => {
                Ok(Some(Person { email: account.email, display_name: account.display_name }))
            }
            // That is what it says to someone whose account is gone.
            Err(svc_accounts::Error::Refused(_)) => Ok(None),
            Err(error) => Err(PeerError::new("look up an account", error)),
        }
    }

    async fn exists(&self, account: AccountId) -> Result<bool, PeerError> {
        self.accounts.account_exists(account).await.map_err(of_accounts("look for an account"))
    }

    async fn rectify(&self, account: AccountId, display_name: &str) -> Result<(), PeerError> {
        let set = self.accounts.display_name_set(account, display_name).await;
        set.map_err(of_accounts("put a name right"))
    }

    async fn may_erase(&self, account: AccountId) -> Result<(), PeerError> {
        match self.roles.subject_may_erase(account).await {
            Err(svc_roles::Error::Refused(error)) => Err(PeerError::Refused(error)),
            may => may.map_err(|error| PeerError::new("say whether an account can go", error)),
        }
    }
}

/// What accounts answers to a person is for that person.
fn of_accounts(operation: &'static str) -> impl Fn(svc_accounts::Error) -> PeerError {
    move |error| match error {
        svc_accounts::Error::Refused(error) => PeerError::Refused(error),
        error => PeerError::new(operation, error),
    }
}

struct RestrictionsOfCatalog(Arc<svc_privacy::Service>);

#[async_trait]
impl svc_catalog::peer::Restrictions for RestrictionsOfCatalog {
    async fn is_restricted(
        &self,
        account: AccountId,
    ) -> Result<bool, svc_catalog::peer::PeerError> {
        let answer = self.0.is_restricted(account).await;
        answer.map_err(|error| svc_catalog::peer::PeerError(Box::new(error)))
    }
}

struct VaultOfPrivacy(Arc<Vault>);

#[async_trait]
impl svc_privacy::peer::Vault for VaultOfPrivacy {
    async fn put(&self, of: AccountId, field: &str, bytes: &[u8]) -> Result<(), PeerError> {
        self.0.put(&acts::account(of), field, bytes).await.map_err(of_vault("seal"))
    }

    async fn get(&self, of: AccountId, field: &str) -> Result<Option<Vec<u8>>, PeerError> {
        self.0.get(&acts::account(of), field).await.map_err(of_vault("open what is sealed"))
    }

    async fn delete(&self, of: AccountId, field: &str) -> Result<(), PeerError> {
        self.0.delete(&acts::account(of), field).await.map_err(of_vault("delete what is sealed"))
    }

    async fn shred(&self, of: AccountId) -> Result<(), PeerError> {
        self.0.shred(&acts::account(of)).await.map_err(of_vault("destroy a key"))
    }

    async fn accounts_after(
        &self,
        after: AccountId,
        limit: u32,
    ) -> Result<Vec<AccountId>, PeerError> {
        let found = self.0.subjects_after(&acts::account(after), limit).await;
        let found = found.map_err(of_vault("list its keys"))?;
        found.iter().map(account_of).collect()
    }
}

fn account_of(token: &Token) -> Result<AccountId, PeerError> {
    let id = token.as_str().strip_prefix("account:").unwrap_or_default();
    id.parse().map_err(|error| PeerError::new("read whose key it is", error))
}

fn of_vault(operation: &'static str) -> impl Fn(svc_governance::Error) -> PeerError {
    move |error| PeerError::new(operation, error)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use engine_sql::subject;
    use svc_privacy::HOLDINGS;

    use crate::{config::Config, data_dir::DataDir, wiring};

    /// Columns that name persons, whatever is before it in their name.
    const NAMES: &[&str] = &["account_id", "account", "subject", "actor", "object", "by_account"];

    /// The whole server's tables: who has one that names persons says so, and nobody says it of
    /// what is not there. Adding a table to a service without adding it to its `HOLDINGS`, or a
    /// service without adding it to `holders`, ends here.
    #[tokio::test]
    async fn every_table_that_names_persons_is_spoken_for() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.storage.data = Some(folder.path().join("data"));
        let server = wiring::assemble(&config, None).await.unwrap();
        let holdings: Vec<_> = server.privacy.holdings().collect();
        let data = DataDir::open(folder.path().join("data")).unwrap();
        let db = engine_sql::Db::open(&data.database_url().unwrap()).await.unwrap();
        let columns: BTreeSet<(String, String)> =
            subject::tables(&db).await.unwrap().into_iter().collect();
        db.close().await;
        server.stop().await;

        let mut spoken_for = BTreeSet::new();
        for (service, holding) in &holdings {
            for column in
                holding.keys.iter().map(|key| key.column()).chain(holding.secret.iter().copied())
            {
                let named = (holding.table.to_owned(), column.to_owned());
                assert!(columns.contains(&named), "{service}: there is no {named:?}");
            }
            let keys = holding.keys.iter().map(|key| key.column().to_owned());
            spoken_for.extend(keys.map(|key| (holding.table.to_owned(), key)));
        }
        let is_named = |column: &str| NAMES.contains(&column) || column.ends_with("account_id");
        let forgotten: Vec<_> = columns
            .iter()
            .filter(|(_, column)| is_named(column))
            .filter(|named| !spoken_for.contains(named))
            .collect();
        assert!(forgotten.is_empty(), "nobody speaks for {forgotten:?}");
        // It looked at something.
        let n_tables = spoken_for.iter().map(|(table, _)| table).collect::<BTreeSet<_>>().len();
        assert!(n_tables > HOLDINGS.len() + 10, "{spoken_for:?}");
    }
}
