//! Shows a person their workspaces.

use domain::authz::Role;
use domain::{AccountScope, Name, TenantId};
use store::{Store, WorkspaceState};

use crate::sessions::{self, AccountError};

/// A workspace in somebody's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedWorkspace {
    /// Its id.
    pub workspace: TenantId,
    /// Its name.
    pub name: Name,
    /// Their rank there, when the platform was last told.
    pub role: Role,
}

/// The caller's workspaces, in the order they were made. A hint for choosing one: what may be done
/// there is decided there.
///
/// # Errors
/// [`AccountError`].
pub async fn list(
    store: &Store,
    account: &AccountScope,
) -> Result<Vec<ListedWorkspace>, AccountError> {
    let account = account.clone();
    store
        .platform_read(move |tx| {
            let user = sessions::own_confined_too(tx, &account)?.user;
            let mut listed = Vec::new();
            for membership in tx.memberships().of_user(user)? {
                let found = tx.workspaces().find(membership.workspace)?;
                let found = found.filter(|found| found.state == WorkspaceState::Active);
                listed.extend(found.map(|found| ListedWorkspace {
                    workspace: found.id,
                    name: found.name,
                    role: membership.role,
                }));
            }
            Ok(listed)
        })
        .await
}
