//! Lets a member into a project.

use domain::authz::rank;
use domain::{ProjectId, Scope, TimeMs, UserId};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{Commit, Committed, Store};

use crate::team::{self, TeamError};

/// Lets `member` into `project`. Somebody who is in already stays in, and no entry is written.
///
/// # Errors
/// [`TeamError`].
pub async fn add_member(
    store: &Store,
    scope: &Scope,
    factor_at: Option<TimeMs>,
    project: ProjectId,
    member: UserId,
) -> Result<Committed<()>, TeamError> {
    store
        .write(scope, move |tx| {
            let actor = team::actor_of_locked_team(tx, factor_at)?;
            tx.projects().find(project)?.ok_or(TeamError::NotVisible)?;
            let target = team::target(tx, &actor, member)?;
            let permit = rank::decide_add_project_member(&actor, &target, project)?;
            if target.projects.contains(&project) {
                return Ok(Commit::unchanged(()));
            }
            tx.projects().add_member(permit)?;
            let event = AuditEvent::new(Verb::ProjectMemberAdded, "project", project)
                .new_value(json!({ "member": member }));
            Ok(Commit::audited(event, ()))
        })
        .await
}
