//! Who may do what: the one policy table.
//!
//! A role gives the permissions of its rows and nothing else; a person may hold several. Least
//! privilege: the owner runs the service and names others, but reads no personal data and no
//! audit log; an engineer sees how the service is, not who uses it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// What a person is to the service.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everybody who is signed in.
    Listener,
    /// Publishes music.
    Creator,
    /// Runs campaigns.
    Advertiser,
    /// Keeps the service up.
    Engineer,
    /// Serves the rights of persons, and reads the audit log.
    ComplianceOfficer,
    /// Runs the service: the first account of a server, then whom an owner names.
    Owner,
}

/// What can be allowed beyond what every listener may.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Permission {
    /// Put music of this machine's folders into the catalog.
    ImportMusic,
    /// Make the search index anew.
    RebuildSearch,
    /// Read counters and latencies from elsewhere than the machine itself.
    ReadMetrics,
    /// Give and take roles.
    GrantRoles,
    /// Read the audit log and its proofs.
    ReadAudit,
    /// Serve the rights of persons: cases, holds, retention.
    HandleCases,
    /// Bring masters of one's own.
    UploadMusic,
}

/// What someone learns who may not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Denial {
    /// That it is there, and not for them.
    Forbidden,
    /// Nothing: it might as well not exist.
    Hidden,
}

/// One row: the permission, who has it, and what others learn.
pub type Rule = (Permission, &'static [Role], Denial);

/// All that is allowed. What is not here is for every listener.
pub const POLICY: &[Rule] = &[
    (Permission::ImportMusic, &[Role::Owner], Denial::Forbidden),
    (Permission::RebuildSearch, &[Role::Owner, Role::Engineer], Denial::Forbidden),
    (Permission::ReadMetrics, &[Role::Owner, Role::Engineer], Denial::Forbidden),
    (Permission::GrantRoles, &[Role::Owner], Denial::Hidden),
    (Permission::ReadAudit, &[Role::ComplianceOfficer], Denial::Hidden),
    (Permission::HandleCases, &[Role::ComplianceOfficer], Denial::Hidden),
    (Permission::UploadMusic, &[Role::Creator], Denial::Forbidden),
];

impl Permission {
    /// Whether someone with `roles` has it.
    ///
    /// # Errors
    /// What they learn who have not.
    pub fn check(self, roles: &[Role]) -> Result<(), Denial> {
        let row = POLICY.iter().find(|(permission, ..)| *permission == self);
        // A permission without a row is nobody's.
        let Some((_, allowed, denial)) = row else { return Err(Denial::Hidden) };
        if allowed.iter().any(|role| roles.contains(role)) { Ok(()) } else { Err(*denial) }
    }
}

impl Role {
    pub const ALL: [Self; 6] = [
        Self::Listener,
        Self::Creator,
        Self::Advertiser,
        Self::Engineer,
        Self::ComplianceOfficer,
        Self::Owner,
    ];

    /// As it is written in JSON, on the command line and in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Listener => "listener",
            Self::Creator => "creator",
            Self::Advertiser => "advertiser",
            Self::Engineer => "engineer",
            Self::ComplianceOfficer => "compliance_officer",
            Self::Owner => "owner",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no role.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a role; roles are listener, creator, advertiser, engineer, compliance_officer, owner")]
pub struct RoleError;

impl FromStr for Role {
    type Err = RoleError;

    fn from_str(text: &str) -> Result<Self, RoleError> {
        Self::ALL.into_iter().find(|role| role.name() == text).ok_or(RoleError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_has_one_row() {
        for permission in [
            Permission::ImportMusic,
            Permission::RebuildSearch,
            Permission::ReadMetrics,
            Permission::GrantRoles,
            Permission::ReadAudit,
            Permission::HandleCases,
            Permission::UploadMusic,
        ] {
            let n_rows = POLICY.iter().filter(|(of, ..)| *of == permission).count();
            assert_eq!(n_rows, 1, "{permission:?}");
            // A new permission needs its place in the list above.
            match permission {
                Permission::ImportMusic
                | Permission::RebuildSearch
                | Permission::ReadMetrics
                | Permission::GrantRoles
                | Permission::ReadAudit
                | Permission::HandleCases
                | Permission::UploadMusic => {}
            }
        }
    }

    #[test]
    fn roles_give_what_the_table_says_and_no_more() {
        assert_eq!(Permission::ReadAudit.check(&[Role::ComplianceOfficer]), Ok(()));
        // Not even an owner reads the log: the role can be granted, and the grant is in the log.
        assert_eq!(Permission::ReadAudit.check(&[Role::Owner]), Err(Denial::Hidden));
        assert_eq!(Permission::ImportMusic.check(&[Role::Listener]), Err(Denial::Forbidden));
        assert_eq!(Permission::ReadMetrics.check(&[Role::Listener, Role::Engineer]), Ok(()));
        for (permission, ..) in POLICY {
            assert!(permission.check(&[]).is_err(), "{permission:?}");
            assert!(permission.check(&[Role::Listener]).is_err(), "{permission:?}");
        }
    }

    #[test]
    fn names_are_read_back() {
        for role in Role::ALL {
            assert_eq!(role.name().parse(), Ok(role));
        }
        for bad in ["", "Owner", "root", "owner "] {
            assert!(bad.parse::<Role>().is_err(), "{bad}");
        }
    }
}
