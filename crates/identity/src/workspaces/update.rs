//! Changes a workspace's settings.

use domain::authz::{self, UpdateWorkspace};
use domain::{Scope, TimeMs};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{Commit, Committed, Store};

use crate::team::{self, TeamError};

/// Replaces the settings.
///
/// # Errors
/// [`TeamError`].
pub async fn update(
    store: &Store,
    scope: &Scope,
    factor_at: Option<TimeMs>,
    wanted: UpdateWorkspace,
) -> Result<Committed<UpdateWorkspace>, TeamError> {
    store
        .write(scope, move |tx| {
            let actor = team::actor_of_locked_team(tx, factor_at)?;
            let permit = authz::decide(&actor, wanted)?;
            let before = tx.team().settings()?.ok_or(TeamError::NotVisible)?;
            let changed = tx.team().update_settings(permit)?;
            let workspace = tx.scope().tenant();
            let event = AuditEvent::new(Verb::WorkspaceUpdated, "workspace", workspace)
                .old_value(json!({ "production_local_use": before.production_local_use }))
                .new_value(json!({ "production_local_use": changed.production_local_use }));
            Ok(Commit::audited(event, changed))
        })
        .await
}
