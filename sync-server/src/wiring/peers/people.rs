//! What the services about people need of each other and of the vault.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use domain::{AccountId, audit::Token, plan::Tier};
use engine_sql::acts;
use svc_accounts::peer::{Held, PeerError};
use svc_governance::Vault;

/// The vault, for accounts.
pub fn vault_of_accounts(vault: &Arc<Vault>) -> Arc<dyn svc_accounts::peer::Vault> {
    Arc::new(VaultOf(Arc::clone(vault)))
}

/// The vault's key to look up by, for signing in by browser.
pub fn lookup_key_of_signin(vault: &Arc<Vault>) -> Arc<dyn svc_signin::peer::LookupKey> {
    Arc::new(VaultOf(Arc::clone(vault)))
}

/// What accounts pay for.
pub fn tiers_of_accounts(
    billing: &Arc<svc_billing::Service>,
) -> Arc<dyn svc_accounts::peer::Tiers> {
    Arc::new(TiersOfAccounts(Arc::clone(billing)))
}

/// Who may do more than listen, for accounts.
pub fn roles_of_accounts(roles: &Arc<svc_roles::Roles>) -> Arc<dyn svc_accounts::peer::Roles> {
    Arc::new(RolesOfAccounts(Arc::clone(roles)))
}

/// Who people are, for roles.
pub fn accounts_of_roles(
    accounts: &Arc<svc_accounts::Service>,
) -> Arc<dyn svc_roles::peer::Accounts> {
    Arc::new(AccountsOfRoles(Arc::clone(accounts)))
}

struct VaultOf(Arc<Vault>);

impl VaultOf {
    fn subject(of: AccountId) -> Token {
        acts::account(of)
    }
}

#[async_trait]
impl svc_accounts::peer::Vault for VaultOf {
    async fn put(&self, of: AccountId, field: &str, bytes: &[u8]) -> Result<(), PeerError> {
        self.0.put(&Self::subject(of), field, bytes).await.map_err(failed("the vault"))
    }

    async fn get(&self, of: AccountId, field: &str) -> Result<Option<Vec<u8>>, PeerError> {
        self.0.get(&Self::subject(of), field).await.map_err(failed("the vault"))
    }

    async fn get_all(
        &self,
        fields: &[(AccountId, String)],
    ) -> Result<Vec<Option<Vec<u8>>>, PeerError> {
        let named = |(of, field): &(AccountId, String)| (Self::subject(*of), field.clone());
        let fields: Vec<(Token, String)> = fields.iter().map(named).collect();
        let opened = self.0.get_all(&fields).await.map_err(failed("the vault"))?;
        let opened = fields.iter().zip(opened).map(|((subject, field), opened)| {
            opened.unwrap_or_else(|error| {
                let error = web::error::chain(&error);
                tracing::error!(%subject, field, error, "what is sealed cannot be opened");
                None
            })
        });
        Ok(opened.collect())
    }

    async fn delete(&self, of: AccountId, field: &str) -> Result<(), PeerError> {
        self.0.delete(&Self::subject(of), field).await.map_err(failed("the vault"))
    }

    fn lookup_hash(&self, text: &str) -> String {
        self.0.lookup_hash(text)
    }
}

impl svc_signin::peer::LookupKey for VaultOf {
    fn lookup_hash(&self, text: &str) -> String {
        self.0.lookup_hash(text)
    }
}

struct TiersOfAccounts(Arc<svc_billing::Service>);

#[async_trait]
impl svc_accounts::peer::Tiers for TiersOfAccounts {
    async fn tiers(&self, of: &[AccountId]) -> Result<Vec<Tier>, PeerError> {
        self.0.tiers(of).await.map_err(failed("billing"))
    }
}

struct RolesOfAccounts(Arc<svc_roles::Roles>);

#[async_trait]
impl svc_accounts::peer::Roles for RolesOfAccounts {
    async fn held(&self, of: &[AccountId]) -> Result<Vec<Held>, PeerError> {
        let held = self.0.held(of).await.map_err(failed("roles"))?;
        let held = held.into_iter().map(|of| Held { roles: of.roles, version: of.version });
        Ok(held.collect())
    }

    async fn first_owner(&self, account: AccountId) -> Result<(), PeerError> {
        self.0.first_owner(account).await.map_err(failed("roles"))
    }
}

struct AccountsOfRoles(Arc<svc_accounts::Service>);

#[async_trait]
impl svc_roles::peer::Accounts for AccountsOfRoles {
    async fn account_by_email(
        &self,
        email: &str,
    ) -> Result<Option<AccountId>, svc_roles::peer::PeerError> {
        let found = self.0.account_find(email).await;
        found.map_err(|error| svc_roles::peer::PeerError(Box::new(error)))
    }

    async fn display_names(
        &self,
        of: &[AccountId],
    ) -> Result<BTreeMap<AccountId, String>, svc_roles::peer::PeerError> {
        let names = self.0.display_names(of).await;
        names.map_err(|error| svc_roles::peer::PeerError(Box::new(error)))
    }
}

fn failed<E: std::error::Error + Send + Sync + 'static>(
    of: &'static str,
) -> impl Fn(E) -> PeerError {
    move |error| PeerError { of, source: Box::new(error) }
}
