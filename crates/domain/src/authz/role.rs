//! The four ranked roles (ROLE-1) and the acts each holds by itself.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Act, ActSet};

/// A member's rank. The order of the variants is the order of rank; do not reorder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees projects, changes nothing.
    Viewer,
    /// Deploys, runs, manages variables.
    Operator,
    /// All project acts, invitations.
    Admin,
    /// Everything, billing, team. Exactly one per workspace.
    Owner,
}

const VIEWER: ActSet =
    ActSet::of(&[Act::WorkspaceRead, Act::MemberList, Act::ProjectRead, Act::SecretList]);

const OPERATOR: ActSet = VIEWER.union(ActSet::of(&[
    Act::SecretSet,
    Act::SecretRotate,
    Act::SecretDelete,
    Act::SecretUseLocally,
    Act::KeyList,
    Act::KeyCreate,
    Act::KeyRevoke,
]));

const ADMIN: ActSet = OPERATOR.union(ActSet::of(&[
    Act::WorkspaceUpdate,
    Act::MemberInvite,
    Act::MemberChangeRole,
    Act::MemberOverride,
    Act::MemberRemove,
    Act::ProjectCreate,
    Act::ProjectInvite,
    Act::EnvironmentCreate,
    Act::SecretReveal,
    Act::SignInRead,
    Act::SignInManage,
    Act::AuditRead,
    Act::SecurityRead,
    Act::AuditExport,
    Act::AuditStreamRead,
    Act::AuditStreamManage,
]));

/// A text that names no role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the roles are owner, admin, operator and viewer")]
pub struct UnknownRole;

impl Role {
    /// Every role, lowest first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Operator, Self::Admin, Self::Owner];

    /// The acts this role holds without any override.
    #[must_use]
    pub const fn base_rights(self) -> ActSet {
        match self {
            Self::Viewer => VIEWER,
            Self::Operator => OPERATOR,
            Self::Admin => ADMIN,
            Self::Owner => ActSet::ALL,
        }
    }

    /// Whether this role reaches every project without an invitation to it (TEN-6).
    #[must_use]
    pub const fn reaches_all_projects(self) -> bool {
        matches!(self, Self::Admin | Self::Owner)
    }

    /// The name used in the API, tables and entries.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(UnknownRole)
    }
}
