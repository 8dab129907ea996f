//! Removes a member, or lets somebody leave.

use domain::authz::{RemoveMember, rank};
use domain::{Scope, TimeMs, UserId};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{Caller, Commit, Committed, QuietReason, Store};

use crate::team::{self, TeamError};

/// Takes `target` out of the team and out of its projects, and revokes the API keys they made.
///
/// Their rights end with the commit: rights are read in every transaction. The platform's hint that
/// they are a member goes afterwards; until then it points to nothing.
///
/// # Errors
/// [`TeamError`].
pub async fn remove(
    store: &Store,
    scope: &Scope,
    factor_at: Option<TimeMs>,
    target: UserId,
) -> Result<Committed<RemoveMember>, TeamError> {
    let removed = store
        .write(scope, move |tx| {
            let actor = team::actor_of_locked_team(tx, factor_at)?;
            let target = team::target(tx, &actor, target)?;
            let permit = rank::decide_remove(&actor, &target)?;
            let change = tx.members().remove(permit)?;
            let keys = tx.keys().revoke_of_creator(change.target)?;
            let event = AuditEvent::new(Verb::MemberRemoved, "member", change.target)
                .old_value(json!({ "role": change.role, "projects": target.projects }))
                .new_value(json!({ "revoked_keys": keys }));
            Ok::<_, TeamError>(Commit::audited(event, change))
        })
        .await?;
    let (tenant, gone) = (scope.tenant(), removed.value.target);
    store
        .platform_write(&Caller::from(scope), move |tx| {
            tx.memberships().remove(gone, tenant)?;
            Ok::<_, TeamError>(Commit::quiet(QuietReason::Hint, ()))
        })
        .await?;
    Ok(removed)
}
