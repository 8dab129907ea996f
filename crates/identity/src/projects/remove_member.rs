//! Lets a member out of a project.

use domain::authz::rank;
use domain::{ProjectId, Scope, TimeMs, UserId};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{Commit, Committed, Store};

use crate::team::{self, TeamError};

/// Takes `member` out of `project`: they reach nothing in it from now on, unless their role reaches
/// every project.
///
/// # Errors
/// [`TeamError`]; [`TeamError::NotVisible`] also when they were not in it.
pub async fn remove_member(
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
            let permit = rank::decide_remove_project_member(&actor, &target, project)?;
            if !target.projects.contains(&project) {
                return Err(TeamError::NotVisible);
            }
            tx.projects().remove_member(permit)?;
            let event = AuditEvent::new(Verb::ProjectMemberRemoved, "project", project)
                .old_value(json!({ "member": member }));
            Ok(Commit::audited(event, ()))
        })
        .await
}
