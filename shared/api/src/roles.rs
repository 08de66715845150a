//! Roles: who has which, and who gives and takes them.

use domain::{AccountId, Role};
use serde::{Deserialize, Serialize};

/// Body of `role_grant` and `role_revoke`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RoleChange {
    /// Whom it is about, by the exact address.
    #[cfg_attr(feature = "openapi", schema(format = Email, example = "ann@example.org"))]
    pub email: String,
    pub role: Role,
    /// Stands in the audit log for good: no names or addresses; 1 to 400 characters.
    #[cfg_attr(
        feature = "openapi",
        schema(
            min_length = 1,
            max_length = 400,
            pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$",
            example = "Joins the team that answers data requests"
        )
    )]
    pub reason: String,
}

/// Someone with more roles than a listener has.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoleHolder {
    pub account: AccountId,
    pub display_name: String,
    pub roles: Vec<Role>,
}

/// Answer of `role_list`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoleHolders {
    pub holders: Vec<RoleHolder>,
    /// Whether there are more than are listed.
    pub is_cut: bool,
}
