//! Deletes a workspace.

use domain::authz::{self, DeleteWorkspace};
use domain::{Scope, TimeMs};
use ledger::{AuditEvent, Verb};
use store::{Caller, Commit, Committed, QuietReason, Revoked, Store};

use crate::team::{self, TeamError};

/// Ends a workspace: nothing in it can be used from the commit on, by anyone. Its log stays. Access
/// tokens bound to it end within a poll.
///
/// # Errors
/// [`TeamError`].
pub async fn delete(
    store: &Store,
    scope: &Scope,
    factor_at: Option<TimeMs>,
) -> Result<Committed<()>, TeamError> {
    let tenant = scope.tenant();
    let deleted = store
        .write(scope, move |tx| {
            let actor = team::actor_of_locked_team(tx, factor_at)?;
            let permit = authz::decide(&actor, DeleteWorkspace {})?;
            tx.team().mark_deleted(permit)?;
            let event = AuditEvent::new(Verb::WorkspaceDeleted, "workspace", tenant);
            Ok::<_, TeamError>(Commit::audited(event, ()))
        })
        .await?;
    store
        .platform_write(&Caller::from(scope), move |tx| {
            tx.workspaces().mark_deleted(tenant)?;
            tx.memberships().remove_all(tenant)?;
            tx.revocations().add(Revoked::Workspace(tenant))?;
            Ok::<_, TeamError>(Commit::quiet(QuietReason::Hint, ()))
        })
        .await?;
    Ok(deleted)
}
