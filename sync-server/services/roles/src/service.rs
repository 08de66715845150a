//! Owners give and take roles, of people whom they know by their addresses.

use std::sync::Arc;

use api::roles::{RoleChange, RoleHolder, RoleHolders};
use domain::{AccountId, Role};
use web::{ApiError, auth::Claims, reason};

use crate::{Error, Roles, peer::Accounts};

/// Holders listed. Roles are for few; more is told, and not listed.
const HOLDERS_MAX: usize = 500;

/// Roles, by the addresses and with the names of people.
pub struct Service {
    roles: Arc<Roles>,
    accounts: Arc<dyn Accounts>,
}

impl Service {
    pub fn new(roles: Arc<Roles>, accounts: Arc<dyn Accounts>) -> Self {
        Self { roles, accounts }
    }

    /// Those who have more roles than everybody.
    pub async fn role_holders(&self) -> Result<RoleHolders, Error> {
        let mut holders = self.roles.holders(HOLDERS_MAX + 1).await?;
        let is_cut = holders.len() > HOLDERS_MAX;
        holders.truncate(HOLDERS_MAX);
        let accounts: Vec<AccountId> = holders.iter().map(|(account, _)| *account).collect();
        let mut names = self.accounts.display_names(&accounts).await?;
        // Who has no name was erased just now.
        let holders = holders.into_iter().filter_map(|(account, roles)| {
            let display_name = names.remove(&account)?;
            Some(RoleHolder { account, display_name, roles })
        });
        Ok(RoleHolders { holders: holders.collect(), is_cut })
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
        if asked.role == Role::Listener {
            return Err(ApiError::invalid(
                "Everybody is a listener.",
                "Give or take another role.",
            )
            .into());
        }
        let reason = reason::parse(&asked.reason)?;
        let account = self.accounts.account_by_email(&asked.email).await?;
        let account = account.ok_or_else(no_account)?;
        let display_name = self.accounts.display_names(&[account]).await?.remove(&account);
        let display_name = display_name.ok_or_else(no_account)?;
        let roles = self.roles.change(by, account, asked.role, is_granted, &reason).await?;
        Ok(RoleHolder { account, display_name, roles })
    }
}

/// For those who may know.
fn no_account() -> ApiError {
    ApiError::not_found("account").with_hint("Check the address; the person signs up first.")
}
