//! Which workspaces take no password, and the passwords that nobody needs because of that.
//!
//! Always true
//! 1. A password goes only when its person owns nothing, every workspace they are in takes none,
//!    and a provider recognises them: nobody is locked out by it.
//! 2. The rows are hints; a workspace's own policy decides at its door.

use domain::{TenantId, UserId};

use crate::StoreError;
use crate::sql::platform_statements;
use crate::tenant::handle;
use crate::value::values;

handle! {
    /// Workspaces that take no password.
    pub SsoOnly
}

platform_statements! { "sso_only", "a password goes when none of its person's workspaces takes it":
    ADD = "insert into sso_only_workspaces (workspace_id) values ($1) on conflict do nothing";
    REMOVE = "delete from sso_only_workspaces where workspace_id = $1";
    DROP_OF_WORKSPACE = "update users set password_hash = '' where password_hash <> '' \
        and user_id in (select user_id from memberships where workspace_id = $1) \
        and exists (select 1 from identities i where i.user_id = users.user_id) \
        and not exists (select 1 from memberships m where m.user_id = users.user_id \
            and (m.role = 'owner' or m.workspace_id not in \
                (select workspace_id from sso_only_workspaces)))";
    DROP_OF_USER = "update users set password_hash = '' where password_hash <> '' \
        and user_id = $1 \
        and exists (select 1 from identities i where i.user_id = users.user_id) \
        and exists (select 1 from memberships m where m.user_id = users.user_id) \
        and not exists (select 1 from memberships m where m.user_id = users.user_id \
            and (m.role = 'owner' or m.workspace_id not in \
                (select workspace_id from sso_only_workspaces)))";
}

impl SsoOnly<'_> {
    /// The workspace takes no password from now on; how many passwords went.
    ///
    /// # Errors
    /// The engine's.
    pub fn add(&mut self, workspace: TenantId) -> Result<u64, StoreError> {
        self.bound.platform_run(&ADD, values![workspace])?;
        self.bound.platform_run(&DROP_OF_WORKSPACE, values![workspace])
    }

    /// The workspace takes passwords again.
    ///
    /// # Errors
    /// The engine's.
    pub fn remove(&mut self, workspace: TenantId) -> Result<u64, StoreError> {
        self.bound.platform_run(&REMOVE, values![workspace])
    }

    /// Removes a person's password if nobody takes it any more; whether it went.
    ///
    /// # Errors
    /// The engine's.
    pub fn drop_password(&mut self, user: UserId) -> Result<bool, StoreError> {
        self.bound.platform_change_if(&DROP_OF_USER, values![user])
    }
}
