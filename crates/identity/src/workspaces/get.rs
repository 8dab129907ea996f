//! Shows the workspace the caller is in.

use domain::authz::{self, ReadWorkspace, Role};
use domain::{Scope, TenantId, TimeMs};
use store::{Store, TeamSettings};

use crate::team::{self, TeamError};

/// A workspace as a member sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkspaceView {
    /// Its id.
    pub workspace: TenantId,
    /// Its name and settings.
    pub settings: TeamSettings,
    /// The caller's rank (for a key, its creator's).
    pub role: Role,
}

/// Name, settings, and the caller's rank.
///
/// # Errors
/// [`TeamError`].
pub async fn get(
    store: &Store,
    scope: &Scope,
    factor_at: Option<TimeMs>,
) -> Result<WorkspaceView, TeamError> {
    store
        .read(scope, move |tx| {
            let actor = team::actor(tx, factor_at)?;
            authz::decide(&actor, ReadWorkspace {})?;
            let settings = tx.team().settings()?.ok_or(TeamError::NotVisible)?;
            let (workspace, role) = (tx.scope().tenant(), actor.standing.role);
            Ok(WorkspaceView { workspace, settings, role })
        })
        .await
}
