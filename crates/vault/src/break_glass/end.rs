//! It is over before its time.
//!
//! Always true: the broker is told as well as both rows, and repeating it does what is missing. The
//! entry is in the workspace's log.

use broker::Broker;
use domain::authz::{RotateSealing, decide};
use domain::{GlassId, Scope, StaffHand, TenantId, TimeMs};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{BrokenGlass, Caller, Commit, Committed, Store};

use super::{GlassError, no_unit, of_caller, still_staff, unit};
use crate::access;

/// Anybody of the staff takes a wish back, or ends what was agreed on.
///
/// # Errors
/// [`GlassError::NotFound`]; [`GlassError::Sealing`], [`GlassError::Store`]: repeat it.
pub async fn end_by_staff(
    store: &Store,
    broker: &Broker,
    hand: &StaffHand,
    glass: GlassId,
) -> Result<Committed<()>, GlassError> {
    let (caller, ending) = (Caller::from(hand.account()), hand.clone());
    let ended = end_wish(store, &caller, glass, Some(ending)).await?;
    let tenant = ended.value;
    let in_unit = store.unit_write(unit(tenant), &caller, move |tx| {
        let stands = tx.glass().find(glass)?.is_some_and(|broken| broken.ended_at.is_none());
        if !stands {
            return Ok::<_, GlassError>(Commit::unchanged(()));
        }
        tx.glass().end(glass)?;
        Ok(Commit::audited(event(glass, "staff"), ()))
    });
    in_unit.await.map_err(no_unit)?;
    let actor = format!("user:{}", hand.account().user());
    broker.end_glass(glass, actor, hand.account().origin().request).await?;
    Ok(ended.map(|_| ()))
}

/// The workspace's owner, with a factor given at `factor_at`, ends what staff agreed on.
///
/// # Errors
/// [`GlassError::NotFound`], [`GlassError::Denied`]; [`GlassError::Sealing`],
/// [`GlassError::Store`]: repeat it.
pub async fn end_by_workspace(
    store: &Store,
    broker: &Broker,
    scope: &Scope,
    factor_at: Option<TimeMs>,
    glass: GlassId,
) -> Result<Committed<BrokenGlass>, GlassError> {
    let ended = store
        .write(scope, move |tx| {
            let (authority, _) = access::caller(tx, factor_at).map_err(of_caller)?;
            decide(&authority, RotateSealing {})?;
            let now = tx.now();
            let mut broken = tx.glass().find(glass)?.ok_or(GlassError::NotFound)?;
            if broken.ended_at.is_some() {
                return Ok::<_, GlassError>(Commit::unchanged(broken));
            }
            tx.glass().end(glass)?;
            broken.ended_at = Some(now);
            Ok(Commit::audited(event(glass, "workspace"), broken))
        })
        .await?;
    // The broker before the platform's own row: that one only says what the others decided.
    broker.end_glass(glass, scope.actor().to_string(), scope.origin().request).await?;
    let caller = Caller::system("break_glass", scope.origin().request);
    end_wish(store, &caller, glass, None).await?;
    Ok(ended)
}

/// Ends the platform's row; whose secrets it was about.
async fn end_wish(
    store: &Store,
    caller: &Caller,
    glass: GlassId,
    staff: Option<StaffHand>,
) -> Result<Committed<TenantId>, GlassError> {
    store
        .platform_write(caller, move |tx| {
            let by = if staff.is_some() { "staff" } else { "workspace" };
            if let Some(hand) = &staff {
                still_staff(tx, hand)?;
            }
            let request = tx.glass().find(glass)?.ok_or(GlassError::NotFound)?;
            let tenant = request.asked.tenant;
            if request.ended_at.is_some() {
                return Ok(Commit::unchanged(tenant));
            }
            tx.glass().end(glass)?;
            Ok(Commit::audited(event(glass, by), tenant))
        })
        .await
}

fn event(glass: GlassId, by: &str) -> AuditEvent {
    AuditEvent::new(Verb::BreakGlassEnded, "break_glass", glass).new_value(json!({ "by": by }))
}
