//! Making a workspace's things unreadable for ever, from the host.
//!
//! Always true
//! 1. The order is in the broker's shred ledger before anything is destroyed; restoring a backup
//!    takes nothing back.
//! 2. One secret cannot be cut out of what its key sealed: its environment gets a new key, every
//!    other record is sealed again, and the old key is destroyed. Older backups of that environment
//!    open no more.

use broker::{Broker, BrokerError, DataScope, Realm, ShredTarget};
use domain::{SecretId, TenantId, UserId};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{Caller, Commit, Refusal, Store, StoreError, Unit};

use super::SealingError;
use super::rotate::{Extent, RotationStep, Wanted, finish_extent};

/// Destroys every key of a workspace; the signed certificate.
///
/// # Errors
/// [`SealingError::Broker`]. The entry in the workspace's log is best effort: it is written first,
/// and says that it was ordered.
pub async fn shred_workspace(
    store: &Store,
    broker: &Broker,
    caller: &Caller,
    tenant: TenantId,
) -> Result<String, SealingError> {
    let event = AuditEvent::new(Verb::SealingShredded, "workspace", tenant)
        .new_value(json!({ "ordered": "every key" }));
    match entry(store, caller, Unit::Tenant(tenant), event).await {
        // Its data may be gone already; its keys are destroyed all the same.
        Ok(()) | Err(SealingError::Store(StoreError::Refused(Refusal::NoUnit))) => {}
        Err(error) => return Err(error),
    }
    Ok(broker.shred(ShredTarget::Realm(Realm::Tenant(tenant))).await?)
}

/// Destroys every key of a person; the signed certificate. They cannot sign in any more: their
/// second factor is sealed under these keys.
///
/// # Errors
/// [`SealingError`].
pub async fn shred_person(
    store: &Store,
    broker: &Broker,
    caller: &Caller,
    user: UserId,
) -> Result<String, SealingError> {
    let event = AuditEvent::new(Verb::SealingShredded, "user", user)
        .new_value(json!({ "ordered": "every key" }));
    entry(store, caller, Unit::Platform, event).await?;
    Ok(broker.shred(ShredTarget::Realm(Realm::Person(user))).await?)
}

/// Deletes a secret and destroys the keys that ever sealed it; the signed certificates. Repeating
/// it after it was cut off goes on from there.
///
/// # Errors
/// [`SealingError::NoSecret`]; else as [`finish_extent`].
pub async fn shred_secret(
    store: &Store,
    broker: &Broker,
    caller: &Caller,
    (tenant, secret): (TenantId, SecretId),
    progress: &(dyn Fn(RotationStep) + Sync),
) -> Result<Vec<String>, SealingError> {
    let unit = Unit::Tenant(tenant);
    let home = store
        .unit_read::<_, SealingError>(unit, move |tx| Ok(tx.sealing().environment_of(secret)?))
        .await?
        .ok_or(SealingError::NoSecret)?;
    let wanted = Wanted { since: store.mint().now(), by: "system:host".to_owned() };
    let extent = Extent::ScopeForGood(DataScope::Environment(home));
    let done = finish_extent(store, broker, caller, tenant, (&wanted, extent), progress).await?;
    // The secret goes last: until its old keys are destroyed, a repetition finds it and goes on.
    let event = AuditEvent::new(Verb::SealingShredded, "secret", secret)
        .new_value(json!({ "keys_destroyed": done.keys }));
    store
        .unit_write(unit, caller, move |tx| {
            if !tx.sealing().delete_secret(secret)? {
                return Err(SealingError::NoSecret);
            }
            Ok(Commit::audited(event, ()))
        })
        .await?;
    Ok(done.certificates)
}

async fn entry(
    store: &Store,
    caller: &Caller,
    unit: Unit,
    event: AuditEvent,
) -> Result<(), SealingError> {
    let written = store.unit_write(unit, caller, move |_| Ok(Commit::audited(event, ()))).await;
    written.map(|_: store::Committed<()>| ())
}

/// Whether the broker says that these keys were shredded.
#[must_use]
pub fn is_shredded(error: &SealingError) -> bool {
    matches!(error, SealingError::Broker(BrokerError::Refused(broker::Refusal::RealmShredded)))
}
