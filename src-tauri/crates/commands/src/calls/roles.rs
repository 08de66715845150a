//! Giving and taking roles.

use api::roles as http;
use ipc::{Fault, RoleHolder, RoleHolders};

use crate::{Facade, server::Request};

impl Facade {
    pub async fn role_list(&self, _call: ipc::RoleList) -> Result<RoleHolders, Fault> {
        let list: http::RoleHolders = self.inner.server.json(Request::get("/roles")).await?;
        Ok(RoleHolders {
            holders: list.holders.into_iter().map(holder).collect(),
            is_cut: list.is_cut,
        })
    }

    pub async fn role_grant(&self, call: ipc::RoleGrant) -> Result<RoleHolder, Fault> {
        let ipc::RoleGrant { email, role, reason } = call;
        self.role_change("/roles", &http::RoleChange { email, role, reason }).await
    }

    pub async fn role_revoke(&self, call: ipc::RoleRevoke) -> Result<RoleHolder, Fault> {
        let ipc::RoleRevoke { email, role, reason } = call;
        self.role_change("/roles/revoke", &http::RoleChange { email, role, reason }).await
    }

    async fn role_change(
        &self,
        path: &str,
        change: &http::RoleChange,
    ) -> Result<RoleHolder, Fault> {
        let changed: http::RoleHolder =
            self.inner.server.json(Request::post(path, change)?).await?;
        // It may have been about whoever made it: what this session may see follows.
        if let Err(fault) = self.profile_view(ipc::ProfileGet {}).await {
            tracing::info!(message = fault.message, "the account was not asked for its roles");
        }
        Ok(holder(changed))
    }
}

fn holder(holder: http::RoleHolder) -> RoleHolder {
    RoleHolder { account: holder.account, display_name: holder.display_name, roles: holder.roles }
}
