//! Roles: who gives and takes them.

use api::accounts::{RoleChange, RoleHolder, RoleHolders};
use credentials::Email;
use domain::{
    AccountId, Role,
    audit::{Act, Reason},
};
use engine_sql::acts::{self, By};
use web::{ApiError, auth::Claims, reason};

use super::{Service, seconds};
use crate::Error;

/// Holders listed. Roles are for few; more is told, and not listed.
const HOLDERS_MAX: usize = 500;

impl Service {
    pub async fn role_holders(&self) -> Result<RoleHolders, Error> {
        let limit = i64::try_from(HOLDERS_MAX + 1).unwrap_or(i64::MAX);
        let mut holders = self.store.role_holders(limit).await?;
        let is_cut = holders.len() > HOLDERS_MAX;
        holders.truncate(HOLDERS_MAX);
        Ok(RoleHolders { holders, is_cut })
    }

    pub async fn role_grant(&self, by: &Claims, asked: &RoleChange) -> Result<RoleHolder, Error> {
        self.role_change(Some(by.account), asked, true).await
    }

    pub async fn role_revoke(&self, by: &Claims, asked: &RoleChange) -> Result<RoleHolder, Error> {
        self.role_change(Some(by.account), asked, false).await
    }

    /// Gives or takes a role: an owner, or who runs the machine (`by` is `None`).
    pub async fn role_change(
        &self,
        by: Option<AccountId>,
        asked: &RoleChange,
        is_granted: bool,
    ) -> Result<RoleHolder, Error> {
        let now_us = (self.clock)();
        if asked.role == Role::Listener {
            return Err(ApiError::invalid(
                "Everybody is a listener.",
                "Give or take another role.",
            )
            .into());
        }
        let reason = format!("{}: {}", asked.role, reason::parse(&asked.reason)?);
        let reason = Reason::new(reason).map_err(ApiError::internal)?;
        let hash = self.lookup(&Email::parse(&asked.email)?);
        let stored = self.store.account_by_email(&hash).await?.ok_or_else(super::no_account)?;
        let account = stored.id();
        let verb = if is_granted { "role_grant" } else { "role_revoke" };
        let act = By { actor: by, now_us }.security(verb, acts::account(account));
        let act = Act { reason: Some(reason), ..act };
        let changed = self.store.role_change(account, asked.role, is_granted, &act).await?;
        let changed = changed.ok_or_else(super::no_account)?;
        if let Some(version) = changed.version {
            self.keys.change_roles(account, version, seconds(now_us));
            self.acted();
            tracing::info!(account.id = %account, role = %asked.role, is_granted, "role changed");
        }
        let display_name = stored.bare().display_name.clone();
        Ok(RoleHolder { account, display_name, roles: changed.roles })
    }
}
