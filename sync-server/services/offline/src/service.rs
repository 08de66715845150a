//! The verbs: which devices keep music, and which do so no more.

use std::sync::Arc;

use api::offline::{OfflineDevice, OfflineDevices};
use domain::{
    AccountId, DeviceId,
    plan::{Entitlements, Tier},
};
use engine_sql::{
    Db,
    acts::{self, By},
};
use web::{ApiError, auth::Claims, clock::Clock};

use crate::{
    Error,
    peer::{Sessions, Tiers},
    store::{Living, Store},
};

/// Told after each act that the audit log has to know of.
pub type OnAct = Box<dyn Fn() + Send + Sync>;

/// What the service stands on.
pub struct Parts {
    pub db: Db,
    pub clock: Clock,
    pub tiers: Arc<dyn Tiers>,
    pub sessions: Arc<dyn Sessions>,
    pub on_act: OnAct,
}

/// The offline devices of one server.
pub struct Service {
    store: Store,
    clock: Clock,
    tiers: Arc<dyn Tiers>,
    sessions: Arc<dyn Sessions>,
    on_act: OnAct,
}

impl Service {
    pub async fn open(parts: Parts) -> Result<Self, Error> {
        let Parts { db, clock, tiers, sessions, on_act } = parts;
        Ok(Self { store: Store::open(db).await?, clock, tiers, sessions, on_act })
    }

    /// Those of the account, the first one first, and how many it may have.
    pub async fn devices(&self, claims: &Claims) -> Result<OfflineDevices, Error> {
        let account = claims.account;
        let n_allowed = self.n_allowed(account).await?;
        let sessions = self.sessions.sessions(account).await?;
        let mut devices = Vec::new();
        for row in self.store.devices(account).await? {
            // One that is signed out keeps nothing any more.
            let Some(on) = sessions.iter().find(|session| session.id == row.session) else {
                continue;
            };
            devices.push(OfflineDevice {
                device_id: row.device,
                device_name: on.device_name.clone(),
                since_us: row.since_us,
                is_current: row.device == claims.device,
            });
        }
        Ok(OfflineDevices { n_allowed, devices })
    }

    /// Lets the device that asks keep music.
    pub async fn device_use(&self, claims: &Claims) -> Result<OfflineDevices, Error> {
        let account = claims.account;
        let n_allowed = self.n_allowed(account).await?;
        if n_allowed == 0 {
            return Err(no_plan().into());
        }
        let living = self.living(account).await?;
        let act = By::account(account, (self.clock)())
            .access("offline_device_use", acts::device(claims.device));
        if !self.store.device_use(claims, n_allowed, &living, &act).await? {
            return Err(ApiError::conflict(
                format!("Your plan keeps music on {n_allowed} devices at most."),
                "Release one of the others first.",
            )
            .into());
        }
        (self.on_act)();
        self.devices(claims).await
    }

    /// Lets a device of the account keep music no more.
    pub async fn device_release(
        &self,
        claims: &Claims,
        device: DeviceId,
    ) -> Result<OfflineDevices, Error> {
        let account = claims.account;
        let living = self.living(account).await?;
        let act = By::account(account, (self.clock)())
            .access("offline_device_release", acts::device(device));
        if !self.store.device_release(account, device, &living, &act).await? {
            return Err(ApiError::not_found("offline device").into());
        }
        (self.on_act)();
        self.devices(claims).await
    }

    /// By the plan of this time, not by that of a token.
    async fn n_allowed(&self, account: AccountId) -> Result<u32, Error> {
        Ok(self.tiers.tier(account).await?.entitlements().n_offline_devices)
    }

    async fn living(&self, account: AccountId) -> Result<Living, Error> {
        // Before they are asked for: what is there by then is not taken for signed out.
        let asked_at_us = (self.clock)();
        let sessions = self.sessions.sessions(account).await?;
        Ok(Living {
            sessions: sessions.into_iter().map(|session| session.id).collect(),
            asked_at_us,
        })
    }
}

fn no_plan() -> ApiError {
    let Entitlements { n_offline_devices, .. } = Tier::Premium.entitlements();
    ApiError::forbidden("Your plan does not keep music on devices.")
        .with_hint(format!("Premium keeps it on up to {n_offline_devices}."))
}
