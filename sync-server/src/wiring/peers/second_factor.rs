//! The second factor: what accounts and signing in ask of it, and what it needs of passkeys and of
//! the vault.

use std::sync::Arc;

use api::mfa::{PasskeyCode, Shown};
use async_trait::async_trait;
use domain::{AccountId, DeviceId};
use engine_sql::acts;
use svc_governance::Vault;
use svc_mfa::peer::PeerError;
use web::ApiError;

/// Who has a second factor.
pub fn second_factor_of_accounts(
    mfa: &Arc<svc_mfa::Service>,
) -> Arc<dyn svc_accounts::peer::SecondFactor> {
    Arc::new(SecondFactor(Arc::clone(mfa)))
}

/// Who is asked for a passkey.
pub fn second_factor_of_signin(
    mfa: &Arc<svc_mfa::Service>,
) -> Arc<dyn svc_signin::peer::SecondFactor> {
    Arc::new(SecondFactor(Arc::clone(mfa)))
}

/// The vault, for second factors.
pub fn vault_of_mfa(vault: &Arc<Vault>) -> Arc<dyn svc_mfa::peer::Vault> {
    Arc::new(VaultOfMfa(Arc::clone(vault)))
}

/// Passkeys, for second factors.
pub fn passkeys_of_mfa(proofs: svc_signin::PasskeyProofs) -> Arc<dyn svc_mfa::peer::Passkeys> {
    Arc::new(PasskeysOfMfa(proofs))
}

struct SecondFactor(Arc<svc_mfa::Service>);

#[async_trait]
impl svc_accounts::peer::SecondFactor for SecondFactor {
    async fn is_on(&self, of: AccountId) -> Result<bool, svc_accounts::peer::PeerError> {
        let methods = self.0.methods(of).await.map_err(|error| svc_accounts::peer::PeerError {
            of: "the second factor",
            source: Box::new(error),
        })?;
        Ok(methods.is_any())
    }

    async fn use_up(
        &self,
        of: AccountId,
        shown: Option<Shown<'_>>,
        known_device: Option<DeviceId>,
    ) -> Result<(), ApiError> {
        Ok(self.0.use_up(of, shown, known_device).await?)
    }
}

#[async_trait]
impl svc_signin::peer::SecondFactor for SecondFactor {
    async fn asks_for_passkey(&self, of: AccountId) -> Result<bool, ApiError> {
        Ok(self.0.methods(of).await?.passkey)
    }
}

struct VaultOfMfa(Arc<Vault>);

#[async_trait]
impl svc_mfa::peer::Vault for VaultOfMfa {
    async fn put(&self, of: AccountId, field: &str, bytes: &[u8]) -> Result<(), PeerError> {
        self.0.put(&acts::account(of), field, bytes).await.map_err(failed("the vault"))
    }

    async fn get(&self, of: AccountId, field: &str) -> Result<Option<Vec<u8>>, PeerError> {
        self.0.get(&acts::account(of), field).await.map_err(failed("the vault"))
    }

    async fn delete(&self, of: AccountId, field: &str) -> Result<(), PeerError> {
        self.0.delete(&acts::account(of), field).await.map_err(failed("the vault"))
    }
}

struct PasskeysOfMfa(svc_signin::PasskeyProofs);

#[async_trait]
impl svc_mfa::peer::Passkeys for PasskeysOfMfa {
    async fn has_passkey(&self, of: AccountId) -> Result<bool, PeerError> {
        self.0.has_passkey(of).await.map_err(failed("the look for passkeys"))
    }

    async fn code_use(&self, code: &PasskeyCode) -> Result<Option<AccountId>, PeerError> {
        self.0.code_use(code).await.map_err(failed("the code of a passkey"))
    }
}

fn failed<E: std::error::Error + Send + Sync + 'static>(
    of: &'static str,
) -> impl Fn(E) -> PeerError {
    move |error| PeerError { of, source: Box::new(error) }
}
