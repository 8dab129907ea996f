//! Changes a workspace's settings.

use domain::authz::{self, UpdateWorkspace};
use domain::{Scope, TimeMs};
use ledger::{AuditEvent, Verb};
use serde_json::{Value, json};
use store::{Commit, Committed, Store, TeamSettings};

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
            tx.team().update_settings(permit)?;
            let changed = tx.team().settings()?.ok_or(TeamError::NotVisible)?;
            let workspace = tx.scope().tenant();
            let event = AuditEvent::new(Verb::WorkspaceUpdated, "workspace", workspace)
                .old_value(shown(&before))
                .new_value(shown(&changed));
            let changed = UpdateWorkspace {
                production_local_use: changed.production_local_use,
                device_sign_in: Some(changed.device_sign_in),
            };
            Ok(Commit::audited(event, changed))
        })
        .await
}

/// The settings as entries show them.
fn shown(settings: &TeamSettings) -> Value {
    json!({
        "production_local_use": settings.production_local_use,
        "device_sign_in": settings.device_sign_in,
    })
}
