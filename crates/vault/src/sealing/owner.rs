//! What a workspace's owner sees of its keys, and has done to them.

use broker::{Broker, Realm, RealmKeys};
use domain::authz::{ReadSealing, RotateSealing, decide};
use domain::{EntryId, Scope, TimeMs, limits};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{
    Commit, Committed, EntryFilter, Listing, LoggedEntry, Page, SealingSchedule, Store, StoreError,
};

use super::schedule::{due_at, interval_days};
use crate::{VaultError, access};

/// The keys of a workspace, and when they are due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeysSeen {
    /// Epoch and data keys, without the keys.
    pub keys: RealmKeys,
    /// Days from one rotation to the next.
    pub interval_days: u32,
    /// When the next one is due; `None` while nothing was ever sealed.
    pub due_at: Option<TimeMs>,
    /// The schedule, where anything was ever written into it.
    pub schedule: Option<SealingSchedule>,
}

/// The workspace's keys, their ages, and when they are due.
///
/// # Errors
/// [`VaultError::NotFound`], [`VaultError::Denied`], [`VaultError::Sealing`],
/// [`VaultError::Store`].
pub async fn see_keys(
    store: &Store,
    broker: &Broker,
    scope: &Scope,
) -> Result<KeysSeen, VaultError> {
    let schedule = store
        .read(scope, |tx| {
            let authority = access::authority(tx)?;
            decide(&authority, ReadSealing {})?;
            Ok::<_, VaultError>(tx.sealing().schedule()?)
        })
        .await?;
    let keys = broker.keys(Realm::Tenant(scope.tenant())).await?;
    let interval_days = interval_days(schedule.as_ref());
    let due_at = due_at(&keys, interval_days);
    Ok(KeysSeen { keys, interval_days, due_at, schedule })
}

/// Asks for new keys; a worker makes them. Needs a factor given at `factor_at`.
///
/// # Errors
/// [`VaultError::NotFound`], [`VaultError::Denied`]; [`VaultError::Exists`]: one is asked for
/// already.
pub async fn ask_for_rotation(
    store: &Store,
    scope: &Scope,
    factor_at: Option<TimeMs>,
) -> Result<Committed<TimeMs>, VaultError> {
    store
        .write(scope, move |tx| {
            let (authority, _) = access::caller(tx, factor_at)?;
            decide(&authority, RotateSealing {})?;
            let by = tx.scope().actor().to_string();
            let tenant = tx.scope().tenant();
            if !tx.sealing().want(limits::SEALING_ROTATION_DAYS_DEFAULT, &by)? {
                return Err(VaultError::Exists);
            }
            let event = AuditEvent::new(Verb::SealingRotationStarted, "sealing_key", tenant)
                .new_value(json!({ "wanted_by": by }));
            let now = tx.now();
            Ok(Commit::audited(event, now))
        })
        .await
}

/// Says how often the keys get successors. Needs a factor given at `factor_at`.
///
/// # Errors
/// [`VaultError::NotFound`], [`VaultError::Denied`]; [`VaultError::Store`] with
/// [`StoreError::Conflict`] outside 1 to 3650 days.
pub async fn set_interval(
    store: &Store,
    scope: &Scope,
    factor_at: Option<TimeMs>,
    days: u32,
) -> Result<Committed<u32>, VaultError> {
    store
        .write(scope, move |tx| {
            let (authority, _) = access::caller(tx, factor_at)?;
            decide(&authority, RotateSealing {})?;
            let tenant = tx.scope().tenant();
            let before = interval_days(tx.sealing().schedule()?.as_ref());
            tx.sealing().set_interval(days)?;
            let event = AuditEvent::new(Verb::SealingScheduleChanged, "sealing_key", tenant)
                .old_value(json!({ "interval_days": before }))
                .new_value(json!({ "interval_days": days }));
            Ok::<_, VaultError>(Commit::audited(event, days))
        })
        .await
}

/// Every opening of the workspace's records, newest first, as the broker's own journal has it.
///
/// # Errors
/// [`VaultError::NotFound`], [`VaultError::Denied`], [`VaultError::Store`].
pub async fn list_accesses(
    store: &Store,
    scope: &Scope,
    page: Page<EntryId>,
) -> Result<Listing<LoggedEntry>, VaultError> {
    store
        .read(scope, move |tx| {
            let authority = access::authority(tx)?;
            decide(&authority, ReadSealing {})?;
            let filter = EntryFilter { verb: Some(Verb::KeyOpened), ..EntryFilter::default() };
            let listing: Result<_, StoreError> = tx.audit().list(&filter, page);
            Ok::<_, VaultError>(listing?)
        })
        .await
}
