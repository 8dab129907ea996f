//! Holds: what keeps a security log whole, for a lawsuit or an inquiry.
//!
//! Always true
//! 1. The workspace's owner places and lifts the owner's holds, with a fresh factor; whoever is at
//!    the machine places and lifts those of the platform, on any log. Neither lifts the other's.
//! 2. Placing and lifting are entries of the log that is held, with the reason.
//! 3. A hold is never removed: a lifted one stays in the list.

use domain::authz::{HoldAudit, ReadSecurity, decide};
use domain::limits::{HOLDS_LISTED_MAX, HOLDS_STANDING_MAX};
use domain::{HoldId, Reason, RequestId, Scope, TimeMs};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{
    Caller, Commit, Committed, Hold, Holder, Retention, Store, StoreError, TenantTx, Unit,
};

use crate::{NotaryError, access};

/// Places a hold on the workspace's security log.
///
/// # Errors
/// [`NotaryError::NotFound`], [`NotaryError::Denied`]: only the owner does, with a factor given at
/// `factor_at`. [`NotaryError::Crowded`], [`NotaryError::Store`].
pub async fn place_hold(
    store: &Store,
    scope: &Scope,
    factor_at: Option<TimeMs>,
    reason: Reason,
) -> Result<Committed<Hold>, NotaryError> {
    store
        .write(scope, move |tx| {
            may_hold(tx, factor_at)?;
            let (id, now) = (tx.mint().id(), tx.now());
            let by = tx.scope().actor().to_string();
            placed(&mut tx.retention(), (id, now), Holder::Owner, &reason, by)
        })
        .await
}

/// Lifts a hold of the owner's.
///
/// # Errors
/// As [`place_hold`]; [`NotaryError::NotFound`] also when it is lifted already, or the platform's.
pub async fn lift_hold(
    store: &Store,
    scope: &Scope,
    factor_at: Option<TimeMs>,
    hold: HoldId,
    reason: Reason,
) -> Result<Committed<()>, NotaryError> {
    store
        .write(scope, move |tx| {
            may_hold(tx, factor_at)?;
            let by = tx.scope().actor().to_string();
            lifted(&mut tx.retention(), hold, Holder::Owner, &reason, &by)
        })
        .await
}

/// The holds on the workspace's security log, newest first; the platform's and lifted ones are
/// among them.
///
/// # Errors
/// [`NotaryError::NotFound`], [`NotaryError::Denied`], [`NotaryError::Store`].
pub async fn list_holds(store: &Store, scope: &Scope) -> Result<Vec<Hold>, NotaryError> {
    store
        .read(scope, move |tx| {
            decide(&access::authority(tx)?, ReadSecurity {})?;
            Ok(tx.retention().holds(HOLDS_LISTED_MAX)?)
        })
        .await
}

/// The holds on a unit's security log, for the person at the machine.
///
/// # Errors
/// [`NotaryError::Store`].
pub async fn list_unit_holds(store: &Store, unit: Unit) -> Result<Vec<Hold>, NotaryError> {
    store.unit_read(unit, move |tx| Ok(tx.retention().holds(HOLDS_LISTED_MAX)?)).await
}

/// Places a hold of the platform's on a unit's security log. For the person at the machine.
///
/// # Errors
/// [`NotaryError::Crowded`], [`NotaryError::Store`].
pub async fn place_unit_hold(
    store: &Store,
    unit: Unit,
    reason: Reason,
) -> Result<Committed<Hold>, NotaryError> {
    store
        .unit_write(unit, &host(store), move |tx| {
            let (id, now) = (tx.mint().id(), tx.now());
            placed(&mut tx.retention(), (id, now), Holder::Staff, &reason, HOST.to_owned())
        })
        .await
}

/// Lifts a hold of the platform's on a unit's security log. For the person at the machine.
///
/// # Errors
/// [`NotaryError::NotFound`]: there is none, it is lifted, or it is the owner's.
/// [`NotaryError::Store`].
pub async fn lift_unit_hold(
    store: &Store,
    unit: Unit,
    hold: HoldId,
    reason: Reason,
) -> Result<Committed<()>, NotaryError> {
    store
        .unit_write(unit, &host(store), move |tx| {
            lifted(&mut tx.retention(), hold, Holder::Staff, &reason, HOST)
        })
        .await
}

/// How entries and holds name the person at the machine.
const HOST: &str = "system:operator";

fn host(store: &Store) -> Caller {
    Caller::system("operator", store.mint().id::<RequestId>())
}

fn may_hold(tx: &mut TenantTx<'_>, factor_at: Option<TimeMs>) -> Result<(), NotaryError> {
    let mut authority = access::authority(tx)?;
    authority.factor_at = factor_at;
    decide(&authority, HoldAudit {})?;
    Ok(())
}

fn placed(
    holds: &mut Retention<'_>,
    (id, now): (HoldId, TimeMs),
    holder: Holder,
    reason: &Reason,
    by: String,
) -> Result<Commit<Hold>, NotaryError> {
    if holds.holds_standing()? >= HOLDS_STANDING_MAX {
        return Err(NotaryError::Crowded);
    }
    holds.place(id, holder, reason.as_str(), &by)?;
    let event = AuditEvent::new(Verb::HoldPlaced, "hold", id)
        .new_value(json!({ "holder": holder.as_str() }))
        .reason(reason.as_str());
    let hold = Hold {
        id,
        holder,
        reason: reason.as_str().to_owned(),
        placed_by: by,
        placed_at: now,
        lifted_by: None,
        lifted_at: None,
    };
    Ok(Commit::audited(event, hold))
}

fn lifted(
    holds: &mut Retention<'_>,
    id: HoldId,
    holder: Holder,
    reason: &Reason,
    by: &str,
) -> Result<Commit<()>, NotaryError> {
    let done: Result<bool, StoreError> = holds.lift(id, holder, by);
    if !done? {
        return Err(NotaryError::NotFound);
    }
    let event = AuditEvent::new(Verb::HoldLifted, "hold", id)
        .new_value(json!({ "holder": holder.as_str() }))
        .reason(reason.as_str());
    Ok(Commit::audited(event, ()))
}
