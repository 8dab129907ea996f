//! Revokes an API key.

use domain::authz::{Act, Place, rank};
use domain::{ApiKeyId, Scope, TimeMs};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{Commit, Committed, Store};

use crate::team::{self, TeamError};

/// Ends a key: one's own, or that of somebody who ranks below or has left. In force at once, since
/// a key's row is read in every transaction that the key opens.
///
/// # Errors
/// [`TeamError`]; [`TeamError::Exists`] when it was revoked before.
pub async fn revoke(
    store: &Store,
    scope: &Scope,
    factor_at: Option<TimeMs>,
    key: ApiKeyId,
) -> Result<Committed<()>, TeamError> {
    store
        .write(scope, move |tx| {
            let actor = team::actor_of_locked_team(tx, factor_at)?;
            actor.check(Act::KeyRevoke, Place::Workspace)?;
            let found = tx.keys().find(key)?.ok_or(TeamError::NotVisible)?;
            let creator = tx.members().standing(found.creator)?;
            let permit = rank::decide_revoke_key(&actor, key, found.creator, creator.as_ref())?;
            if !tx.keys().revoke(permit)? {
                return Err(TeamError::Exists);
            }
            let event = AuditEvent::new(Verb::KeyRevoked, "key", key)
                .old_value(json!({ "creator": found.creator, "scopes": found.scopes }));
            Ok(Commit::audited(event, ()))
        })
        .await
}
