//! What offline devices need of accounts and billing.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{AccountId, plan::Tier};
use svc_offline::peer::{PeerError, Session, Sessions, Tiers};

/// What accounts pay for, for offline devices.
pub fn tiers_of_offline(billing: &Arc<svc_billing::Service>) -> Arc<dyn Tiers> {
    Arc::new(TiersOfOffline(Arc::clone(billing)))
}

/// Where accounts are signed in, for offline devices.
pub fn sessions_of_offline(accounts: &Arc<svc_accounts::Service>) -> Arc<dyn Sessions> {
    Arc::new(SessionsOfOffline(Arc::clone(accounts)))
}

struct TiersOfOffline(Arc<svc_billing::Service>);

#[async_trait]
impl Tiers for TiersOfOffline {
    async fn tier(&self, of: AccountId) -> Result<Tier, PeerError> {
        let tiers = self.0.tiers(&[of]).await;
        let tiers = tiers.map_err(|error| PeerError { of: "billing", source: Box::new(error) })?;
        Ok(tiers.into_iter().next().unwrap_or_default())
    }
}

struct SessionsOfOffline(Arc<svc_accounts::Service>);

#[async_trait]
impl Sessions for SessionsOfOffline {
    async fn sessions(&self, of: AccountId) -> Result<Vec<Session>, PeerError> {
        let living = self.0.sessions_living(of).await;
        let living =
            living.map_err(|error| PeerError { of: "accounts", source: Box::new(error) })?;
        let session = |entry: api::accounts::SessionEntry| Session {
            id: entry.id,
            device_name: entry.device_name,
        };
        Ok(living.into_iter().map(session).collect())
    }
}
