//! Which workspaces a person is in: hints for listing and for signing in.
//!
//! Always true: nothing is allowed because of a row here; the team's own rows decide, in their own
//! unit.

use domain::authz::Role;
use domain::{TenantId, UserId};

use crate::StoreError;
use crate::sql::platform_statements;
use crate::tenant::handle;
use crate::value::{Row, values};

handle! {
    /// Which workspaces a person is in.
    pub Memberships
}

/// A hint: this person is in this workspace, with this role when last told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership {
    /// The person.
    pub user: UserId,
    /// The workspace.
    pub workspace: TenantId,
    /// Their role there.
    pub role: Role,
}

impl Membership {
    fn from_row(mut row: Row) -> Result<Self, StoreError> {
        Ok(Self { user: row.id()?, workspace: row.id()?, role: row.parsed()? })
    }
}

platform_statements! { "memberships", "a person's workspaces are listed before one is chosen":
    SET = "insert into memberships (user_id, workspace_id, role) values ($1, $2, $3) \
        on conflict (user_id, workspace_id) do update set role = excluded.role";
    REMOVE = "delete from memberships where user_id = $1 and workspace_id = $2";
    REMOVE_ALL = "delete from memberships where workspace_id = $1";
    LIST = "select user_id, workspace_id, role from memberships where user_id = $1 \
        order by workspace_id limit 1000";
}

impl Memberships<'_> {
    /// Notes that a person is in a workspace with this role.
    ///
    /// # Errors
    /// The engine's.
    pub fn set(&mut self, user: UserId, workspace: TenantId, role: Role) -> Result<(), StoreError> {
        self.bound.platform_change_one(&SET, values![user, workspace, role.as_str()])
    }

    /// Notes that a person left a workspace.
    ///
    /// # Errors
    /// The engine's.
    pub fn remove(&mut self, user: UserId, workspace: TenantId) -> Result<bool, StoreError> {
        self.bound.platform_change_if(&REMOVE, values![user, workspace])
    }

    /// Notes that a workspace is gone; how many were in it.
    ///
    /// # Errors
    /// The engine's.
    pub fn remove_all(&mut self, workspace: TenantId) -> Result<u64, StoreError> {
        self.bound.platform_run(&REMOVE_ALL, values![workspace])
    }

    /// A person's workspaces, at most a thousand, in the order they were created.
    ///
    /// # Errors
    /// The engine's.
    pub fn of_user(&mut self, user: UserId) -> Result<Vec<Membership>, StoreError> {
        let rows = self.bound.platform_rows(&LIST, values![user])?;
        rows.into_iter().map(Membership::from_row).collect()
    }
}
