//! One of the staff asks.

use std::collections::BTreeSet;

use domain::{Reason, SecretId, StaffHand, TenantId, limits};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{Caller, Commit, Committed, GlassRequest, NewGlass, Store};

use super::{GlassError, no_unit, still_staff, unit};

/// What is to be opened, why and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedGlass {
    /// Whose secrets.
    pub tenant: TenantId,
    /// Which: 1 to [`limits::GLASS_SECRETS_MAX`].
    pub secrets: BTreeSet<SecretId>,
    /// Why; the workspace reads it.
    pub reason: Reason,
    /// Minutes from the agreement on: 1 to [`limits::GLASS_MINUTES_MAX`].
    pub minutes: u32,
}

/// Asks somebody else of the staff to agree, within [`limits::GLASS_ASKED_MS`].
///
/// # Errors
/// [`GlassError::NotFound`]: not staff, or one of the secrets is not the workspace's;
/// [`GlassError::NotOpen`] outside the bounds; [`GlassError::Store`].
pub async fn ask(
    store: &Store,
    hand: &StaffHand,
    wanted: AskedGlass,
) -> Result<Committed<GlassRequest>, GlassError> {
    let within = (1..=limits::GLASS_SECRETS_MAX).contains(&wanted.secrets.len())
        && (1..=limits::GLASS_MINUTES_MAX).contains(&wanted.minutes);
    if !within {
        return Err(GlassError::NotOpen);
    }
    let AskedGlass { tenant, secrets, reason, minutes } = wanted;
    let named = secrets.clone();
    let there: Result<bool, GlassError> = store
        .unit_read(unit(tenant), move |tx| {
            for secret in named {
                if tx.glass().named(secret)?.is_none() {
                    return Ok(false);
                }
            }
            Ok(true)
        })
        .await;
    if !there.map_err(no_unit)? {
        return Err(GlassError::NotFound);
    }
    let asking = hand.clone();
    store
        .platform_write(&Caller::from(hand.account()), move |tx| {
            still_staff(tx, &asking)?;
            let new = NewGlass {
                id: tx.mint().id(),
                tenant,
                secrets: secrets.into_iter().collect(),
                reason,
                minutes,
                asked_by: asking.hand(),
                expires_at: tx.now().plus_ms(limits::GLASS_ASKED_MS),
            };
            tx.glass().ask(&new)?;
            let event = AuditEvent::new(Verb::BreakGlassAsked, "break_glass", new.id)
                .new_value(json!({
                    "workspace": tenant, "secrets": new.secrets, "minutes": minutes,
                    "asked_by": new.asked_by,
                }))
                .reason(new.reason.as_str());
            let asked_at = tx.now();
            let request = GlassRequest { asked: new, asked_at, approval: None, ended_at: None };
            Ok(Commit::audited(event, request))
        })
        .await
}
