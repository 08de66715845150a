//! What the services about people need of each other and of the vault.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{AccountId, DeviceId, audit::Token, plan::Tier};
use engine_sql::acts;
use svc_accounts::peer::PeerError;
use svc_governance::Vault;
use web::ApiError;

/// The vault, for accounts.
pub fn vault_of_accounts(vault: &Arc<Vault>) -> Arc<dyn svc_accounts::peer::Vault> {
    Arc::new(VaultOf(Arc::clone(vault)))
}

/// The vault, for second factors.
pub fn vault_of_mfa(vault: &Arc<Vault>) -> Arc<dyn svc_mfa::peer::Vault> {
    Arc::new(VaultOf(Arc::clone(vault)))
}

/// What accounts pay for.
pub fn tiers_of_accounts(
    billing: &Arc<svc_billing::Service>,
) -> Arc<dyn svc_accounts::peer::Tiers> {
    Arc::new(TiersOfAccounts(Arc::clone(billing)))
}

/// Who has a second factor.
pub fn second_factor_of_accounts(
    mfa: &Arc<svc_mfa::Service>,
) -> Arc<dyn svc_accounts::peer::SecondFactor> {
    Arc::new(SecondFactorOfAccounts(Arc::clone(mfa)))
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

    async fn delete(&self, of: AccountId, field: &str) -> Result<(), PeerError> {
        self.0.delete(&Self::subject(of), field).await.map_err(failed("the vault"))
    }

    fn lookup_hash(&self, text: &str) -> String {
        self.0.lookup_hash(text)
    }
}

#[async_trait]
impl svc_mfa::peer::Vault for VaultOf {
    async fn put(
        &self,
        of: AccountId,
        field: &str,
        bytes: &[u8],
    ) -> Result<(), svc_mfa::peer::PeerError> {
        let put = self.0.put(&Self::subject(of), field, bytes).await;
        put.map_err(|error| svc_mfa::peer::PeerError(Box::new(error)))
    }

    async fn get(
        &self,
        of: AccountId,
        field: &str,
    ) -> Result<Option<Vec<u8>>, svc_mfa::peer::PeerError> {
        let got = self.0.get(&Self::subject(of), field).await;
        got.map_err(|error| svc_mfa::peer::PeerError(Box::new(error)))
    }

    async fn delete(&self, of: AccountId, field: &str) -> Result<(), svc_mfa::peer::PeerError> {
        let deleted = self.0.delete(&Self::subject(of), field).await;
        deleted.map_err(|error| svc_mfa::peer::PeerError(Box::new(error)))
    }
}

struct TiersOfAccounts(Arc<svc_billing::Service>);

#[async_trait]
impl svc_accounts::peer::Tiers for TiersOfAccounts {
    async fn tier(&self, of: AccountId) -> Result<Tier, PeerError> {
        self.0.tier(of).await.map_err(failed("billing"))
    }
}

struct SecondFactorOfAccounts(Arc<svc_mfa::Service>);

#[async_trait]
impl svc_accounts::peer::SecondFactor for SecondFactorOfAccounts {
    async fn is_on(&self, of: AccountId) -> Result<bool, PeerError> {
        self.0.is_on(of).await.map_err(failed("the second factor"))
    }

    async fn code_use(
        &self,
        of: AccountId,
        code: &str,
        known_device: Option<DeviceId>,
    ) -> Result<(), ApiError> {
        Ok(self.0.code_use(of, code, known_device).await?)
    }
}

fn failed<E: std::error::Error + Send + Sync + 'static>(
    of: &'static str,
) -> impl Fn(E) -> PeerError {
    move |error| PeerError { of, source: Box::new(error) }
}
