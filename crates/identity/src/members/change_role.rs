//! Changes a member's role.

use domain::authz::{ChangeRole, Role, rank};
use domain::{Scope, TimeMs, UserId};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{Caller, Commit, Committed, QuietReason, Store};

use crate::team::{self, TeamError};

/// Gives `target` another role. Grants the member had end with it; denies stay. In force at once:
/// rights are read in every transaction.
///
/// # Errors
/// [`TeamError`].
pub async fn change_role(
    store: &Store,
    scope: &Scope,
    factor_at: Option<TimeMs>,
    target: UserId,
    to: Role,
) -> Result<Committed<ChangeRole>, TeamError> {
    let changed = store
        .write(scope, move |tx| {
            let actor = team::actor_of_locked_team(tx, factor_at)?;
            let target = team::target(tx, &actor, target)?;
            let permit = rank::decide_change_role(&actor, &target, to)?;
            let change = tx.members().change_role(permit)?;
            let event = AuditEvent::new(Verb::MemberRoleChanged, "member", change.target)
                .old_value(json!({ "role": change.from, "overrides": target.overrides }))
                .new_value(json!({ "role": change.to, "overrides": change.remaining }));
            Ok::<_, TeamError>(Commit::audited(event, change))
        })
        .await?;
    let (tenant, target) = (scope.tenant(), changed.value.target);
    store
        .platform_write(&Caller::from(scope), move |tx| {
            tx.memberships().set(target, tenant, to)?;
            Ok::<_, TeamError>(Commit::quiet(QuietReason::Hint, ()))
        })
        .await?;
    Ok(changed)
}
