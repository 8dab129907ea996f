//! Grants and denies single acts to a member.

use domain::authz::{Overrides, SetOverrides, rank};
use domain::{Scope, TimeMs, UserId};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{Commit, Committed, Store};

use crate::team::{self, TeamError};

/// Replaces `target`'s overrides. In force at once.
///
/// # Errors
/// [`TeamError`].
pub async fn set_overrides(
    store: &Store,
    scope: &Scope,
    factor_at: Option<TimeMs>,
    target: UserId,
    to: Overrides,
) -> Result<Committed<SetOverrides>, TeamError> {
    store
        .write(scope, move |tx| {
            let actor = team::actor_of_locked_team(tx, factor_at)?;
            let target = team::target(tx, &actor, target)?;
            let permit = rank::decide_overrides(&actor, &target, to)?;
            let change = tx.members().set_overrides(permit)?;
            let event = AuditEvent::new(Verb::MemberOverridesChanged, "member", change.target)
                .old_value(json!({ "overrides": change.from }))
                .new_value(json!({ "overrides": change.to }));
            Ok(Commit::audited(event, change))
        })
        .await
}
