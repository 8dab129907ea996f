//! Hands the workspace to another member.

use domain::authz::{Role, TransferOwnership, rank};
use domain::{Scope, TimeMs, UserId, limits};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{Caller, Commit, Committed, QuietReason, Store};

use crate::team::{self, TeamError};

/// Makes `to` the owner; the owner until now becomes an admin, and both lose their overrides. One
/// transaction, so there is exactly one owner at every moment. The platform's hints follow.
///
/// # Errors
/// [`TeamError`]; [`TeamError::LimitReached`] when `to` owns [`limits::WORKSPACES_PER_OWNER_MAX`]
/// already.
pub async fn transfer(
    store: &Store,
    scope: &Scope,
    factor_at: Option<TimeMs>,
    to: UserId,
) -> Result<Committed<TransferOwnership>, TeamError> {
    let tenant = scope.tenant();
    let owned = store.platform_read(move |tx| tx.workspaces().count_owned(to)).await?;
    let moved = store
        .write(scope, move |tx| {
            let actor = team::actor_of_locked_team(tx, factor_at)?;
            let target = team::target(tx, &actor, to)?;
            let permit = rank::decide_transfer(&actor, &target)?;
            team::within(owned, "workspaces", limits::WORKSPACES_PER_OWNER_MAX)?;
            let change = tx.members().transfer(permit)?;
            let event = AuditEvent::new(Verb::WorkspaceTransferred, "workspace", tenant)
                .old_value(json!({ "owner": change.from }))
                .new_value(json!({ "owner": change.to, "role_before": change.to_role }));
            Ok::<_, TeamError>(Commit::audited(event, change))
        })
        .await?;
    let (from, to) = (moved.value.from, moved.value.to);
    store
        .platform_write(&Caller::from(scope), move |tx| {
            tx.workspaces().set_owner(tenant, to)?;
            tx.memberships().set(to, tenant, Role::Owner)?;
            tx.memberships().set(from, tenant, Role::Admin)?;
            Ok::<_, TeamError>(Commit::quiet(QuietReason::Hint, ()))
        })
        .await?;
    Ok(moved)
}
