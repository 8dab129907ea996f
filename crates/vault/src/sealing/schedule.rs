//! What a worker does for a workspace's schedule: rotations that are wanted, and those that are
//! due.
//!
//! Always true
//! 1. A key that is older than the interval is rotated without anybody asking; how often is the
//!    workspace's own choice.
//! 2. A rotation that is late is told once: a message to the workspace's owner, an entry in its
//!    log, and a mark that its owner sees. The message comes first and is one for each due date,
//!    so that being cut off in between loses none and repeats none.

use broker::{Broker, Realm, RealmKeys};
use domain::{NoticeId, TenantId, TimeMs, limits};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{Caller, Commit, NewNotice, NoticeKind, SealingSchedule, Store, StoreError, Unit};

use super::SealingError;
use super::rotate::{Rotated, Wanted, finish_wanted, no_progress, want_rotation};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// How thoroughly to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Only whether somebody wants a rotation: reads one row.
    Wanted,
    /// At the keys' ages as well, as they are at this moment: asks the broker.
    Ages(TimeMs),
}

/// When the workspace's keys are due: the oldest active key's age, or the seed's, and the interval.
#[must_use]
pub fn due_at(keys: &RealmKeys, interval_days: u32) -> Option<TimeMs> {
    let oldest = keys.active().map(|key| key.made_at).min()?;
    Some(oldest.plus_ms(i64::from(interval_days) * DAY_MS))
}

/// The interval of a schedule that may never have been written.
#[must_use]
pub fn interval_days(schedule: Option<&SealingSchedule>) -> u32 {
    schedule.map_or(limits::SEALING_ROTATION_DAYS_DEFAULT, |schedule| schedule.interval_days)
}

/// Does what is wanted or due for one workspace; `None`: nothing was.
///
/// # Errors
/// [`SealingError`]; the next look goes on from there.
pub async fn look_after(
    store: &Store,
    broker: &Broker,
    caller: &Caller,
    tenant: TenantId,
    look: Look,
) -> Result<Option<Rotated>, SealingError> {
    let unit = Unit::Tenant(tenant);
    let schedule =
        store.unit_read::<_, SealingError>(unit, |tx| Ok(tx.sealing().schedule()?)).await?;
    let wish = schedule.as_ref().and_then(|schedule| {
        Some(Wanted { since: schedule.wanted_at?, by: schedule.wanted_by.clone()? })
    });
    if let Look::Ages(now) = look {
        let keys = broker.keys(Realm::Tenant(tenant)).await?;
        let days = interval_days(schedule.as_ref());
        let Some(due) = due_at(&keys, days) else { return Ok(None) };
        if now.since_ms(due) > i64::from(limits::SEALING_OVERDUE_DAYS) * DAY_MS {
            if schedule.as_ref().is_none_or(|schedule| schedule.overdue_at.is_none()) {
                write_to_owner(store, caller, tenant, due).await?;
            }
            tell_overdue(store, caller, tenant, due).await?;
        }
        if wish.is_none() && now.since_ms(due) >= 0 {
            let wish = want_rotation(store, caller, tenant, "system:schedule").await?;
            return finish(store, broker, caller, tenant, &wish).await;
        }
    }
    match wish {
        Some(wish) => finish(store, broker, caller, tenant, &wish).await,
        None => Ok(None),
    }
}

async fn finish(
    store: &Store,
    broker: &Broker,
    caller: &Caller,
    tenant: TenantId,
    wish: &Wanted,
) -> Result<Option<Rotated>, SealingError> {
    finish_wanted(store, broker, caller, tenant, wish, &no_progress).await.map(Some)
}

async fn tell_overdue(
    store: &Store,
    caller: &Caller,
    tenant: TenantId,
    due: TimeMs,
) -> Result<(), SealingError> {
    let event = AuditEvent::new(Verb::SealingOverdue, "sealing_key", tenant)
        .new_value(json!({ "due_at_ms": due.0 }));
    store
        .unit_write(Unit::Tenant(tenant), caller, move |tx| {
            let is_news = tx.sealing().overdue(limits::SEALING_ROTATION_DAYS_DEFAULT)?;
            Ok::<_, SealingError>(if is_news {
                Commit::audited(event, ())
            } else {
                Commit::quiet(store::QuietReason::SealedAgain, ())
            })
        })
        .await?;
    Ok(())
}

/// Puts the message to the owner into the outbox, unless it is there.
async fn write_to_owner(
    store: &Store,
    caller: &Caller,
    tenant: TenantId,
    due: TimeMs,
) -> Result<(), SealingError> {
    let read =
        store.unit_read::<_, SealingError>(Unit::Tenant(tenant), |tx| Ok(tx.sealing().owner()?));
    let Some(owner) = read.await? else { return Ok(()) };
    let id = message_id(tenant, due);
    let written: Result<_, StoreError> = store
        .platform_write(caller, move |tx| {
            if tx.notices().is_kept(id, owner, NoticeKind::KeysOverdue)? {
                return Ok(Commit::unchanged(()));
            }
            let workspace = tx.workspaces().find(tenant)?;
            tx.notices().enqueue(&NewNotice {
                id,
                user: owner,
                kind: NoticeKind::KeysOverdue,
                details: json!({
                    "workspace": workspace.map(|one| one.name.as_str().to_owned()),
                    "due_at_ms": due.0,
                }),
                sealed: None,
            })?;
            Ok(Commit::quiet(store::QuietReason::NoticeStep, ()))
        })
        .await;
    match written {
        // Another worker was faster, with the very same message.
        Ok(_) | Err(StoreError::Conflict) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// One message for each workspace and due date, whoever writes it.
fn message_id(tenant: TenantId, due: TimeMs) -> NoticeId {
    let mut bytes = tenant.to_bytes();
    for (byte, of_due) in bytes.iter_mut().zip(due.0.to_be_bytes()) {
        *byte ^= of_due;
    }
    uuid::Uuid::from_bytes(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_of_one_workspace_and_one_due_date() {
        let tenant = |number| TenantId::from(uuid::Uuid::from_u128(number));
        let one = message_id(tenant(1), TimeMs(5));
        assert_eq!(one, message_id(tenant(1), TimeMs(5)));
        assert_ne!(one, message_id(tenant(1), TimeMs(6)));
        assert_ne!(one, message_id(tenant(2), TimeMs(5)));
    }
}
