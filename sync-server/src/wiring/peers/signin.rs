//! What signing in by browser needs of accounts.

use std::{net::IpAddr, sync::Arc};

use api::{
    accounts::{Account, Session},
    error::Code,
};
use async_trait::async_trait;
use domain::{AccountId, DeviceId};
use svc_signin::peer::Accounts;
use web::ApiError;

/// Accounts and their sessions, for signing in by browser.
pub fn accounts_of_signin(accounts: &Arc<svc_accounts::Service>) -> Arc<dyn Accounts> {
    Arc::new(AccountsOfSignin(Arc::clone(accounts)))
}

struct AccountsOfSignin(Arc<svc_accounts::Service>);

#[async_trait]
impl Accounts for AccountsOfSignin {
    async fn account(&self, id: AccountId) -> Result<Account, ApiError> {
        Ok(self.0.account(id).await?)
    }

    async fn account_find(&self, email: &str) -> Result<Option<AccountId>, ApiError> {
        Ok(self.0.account_find(email).await?)
    }

    async fn has_password(&self, id: AccountId) -> Result<bool, ApiError> {
        Ok(self.0.has_password(id).await?)
    }

    async fn account_create_external(
        &self,
        email: &str,
        display_name: Option<String>,
    ) -> Result<Option<AccountId>, ApiError> {
        let made = self.0.account_create_external(email, display_name.as_deref()).await;
        match made.map_err(ApiError::from) {
            Ok(account) => Ok(Some(account.id)),
            Err(taken) if taken.code == Code::Conflict => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn session_open(
        &self,
        account: AccountId,
        device_name: Option<String>,
        device_id: Option<DeviceId>,
        from: Option<IpAddr>,
    ) -> Result<Session, ApiError> {
        Ok(self.0.session_open(account, device_name.as_deref(), device_id, from).await?)
    }
}
