//! Who holds which role, for those who give and take them.

use domain::{AccountId, Role};

use super::{Deserialize, Serialize, calls};

/// Someone with more roles than a listener has.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RoleHolder {
    pub account: AccountId,
    pub display_name: String,
    pub roles: Vec<Role>,
}

/// All who hold roles, up to a bound of the server's.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RoleHolders {
    pub holders: Vec<RoleHolder>,
    /// Whether there are more than are listed.
    pub is_cut: bool,
}

calls! {
    "role_list": RoleList {} -> RoleHolders;
    /// The reason stands in the audit log for good.
    "role_grant": RoleGrant { email: String, role: Role, reason: String } -> RoleHolder;
    "role_revoke": RoleRevoke { email: String, role: Role, reason: String } -> RoleHolder;
}
