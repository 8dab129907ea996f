//! Gives an API key a successor, and both a time side by side.
//!
//! Always true
//! 1. A key is rotated by its maker with a fresh factor only: whoever holds the successor acts as
//!    they do.
//! 2. The successor has its name, scopes and networks. Of any number of parallel rotations one
//!    makes a successor.
//! 3. The old key works until the overlap ends, and no longer than its own end.

use broker::Broker;
use domain::authz::{Act, ListKeys, Place, decide, rank};
use domain::{ApiKeyId, Scope, TimeMs};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{ApiKey, Commit, Committed, NewKey, Store, TenantTx};

use super::fresh::FreshKey;
use super::{CreatedKey, terms};
use crate::team::{self, TeamError};

/// Which key, and for how long it works beside its successor.
#[derive(Debug, Clone, Copy)]
pub struct WantedRotation {
    /// The key.
    pub key: ApiKeyId,
    /// For how many milliseconds; [`domain::limits::KEY_OVERLAP_MS_DEFAULT`] when absent.
    pub overlap_ms: Option<i64>,
}

/// Makes the successor. Its text is shown once.
///
/// # Errors
/// [`TeamError`]; [`TeamError::Exists`] when the key has a successor, or was revoked or has ended.
pub async fn rotate(
    store: &Store,
    broker: &Broker,
    scope: &Scope,
    factor_at: Option<TimeMs>,
    wanted: WantedRotation,
) -> Result<Committed<CreatedKey>, TeamError> {
    store
        .read(scope, move |tx| {
            let actor = team::actor(tx, factor_at)?;
            found(tx, &actor, wanted.key).map(drop)
        })
        .await?;
    let FreshKey { id, text, digest, last_four } = FreshKey::make(store, broker, scope).await?;
    let rotated = store
        .write(scope, move |tx| {
            let actor = team::actor_of_locked_team(tx, factor_at)?;
            let old = found(tx, &actor, wanted.key)?;
            let permit = rank::decide_rotate_key(&actor, old.id, old.creator, old.scopes)?;
            team::room_for_one_key(tx)?;
            let now = tx.now();
            let ends_at = terms::overlap(now, &old, wanted.overlap_ms)?;
            let new = NewKey {
                id,
                name: old.name.clone(),
                digest,
                expires_at: terms::inherited(now, &old),
                networks: old.networks.clone(),
                last_four,
            };
            let key = tx.keys().rotate(permit, &new, ends_at)?;
            let event = AuditEvent::new(Verb::KeyRotated, "key", old.id)
                .old_value(json!({ "expires_at_ms": old.expires_at }))
                .new_value(json!({
                    "successor": id, "expires_at_ms": ends_at,
                    "successor_expires_at_ms": key.expires_at,
                }));
            Ok::<_, TeamError>(Commit::audited(event, key))
        })
        .await?;
    Ok(rotated.map(|key| CreatedKey { key, text: text.shown() }))
}

/// The key, if this actor may rotate it and it can be.
fn found(
    tx: &mut TenantTx<'_>,
    actor: &domain::authz::Authority,
    key: ApiKeyId,
) -> Result<ApiKey, TeamError> {
    actor.check(Act::KeyCreate, Place::Workspace)?;
    decide(actor, ListKeys {})?;
    let now = tx.now();
    let old = tx.keys().find(key)?.ok_or(TeamError::NotVisible)?;
    rank::decide_rotate_key(actor, old.id, old.creator, old.scopes)?;
    if old.successor.is_some() || !old.usable(now) {
        return Err(TeamError::Exists);
    }
    Ok(old)
}
