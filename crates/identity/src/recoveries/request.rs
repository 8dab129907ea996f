//! Asks for an assisted recovery: one answer for everybody.

use std::time::Duration;

use domain::{EmailAddress, Origin, RecoveryId, TenantId, UserId};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{Caller, Commit, NewRecovery, NoticeKind, PlatformTx, StoreError};
use tokio::time::Instant;

use super::RecoveryError;
use crate::identity::Identity;
use crate::notices;
use crate::throttle::Guess;

/// No answer leaves earlier than this: longer than whatever is done for an address that has an
/// account.
const ANSWER_MS_MIN: u64 = 250;

/// Has the workspace asked to vouch, if somebody with this address is in it. Neither the answer nor
/// its time tells.
///
/// # Errors
/// [`RecoveryError::Throttled`], by what was typed and from where; [`RecoveryError::Store`].
pub async fn request(
    identity: &Identity,
    origin: Origin,
    email: EmailAddress,
    workspace: TenantId,
) -> Result<(), RecoveryError> {
    let began = Instant::now();
    let (caller, id) = (Caller::anonymous(origin.clone()), identity.store.mint().id());
    let asked = identity.store.platform_write(&caller, move |tx| {
        let guess = Guess::of_reset(&email, &origin);
        guess.admit(tx)?;
        guess.refused(tx)?;
        let whom = member(tx, &email, workspace)?;
        let event = ask(tx, id, whom, workspace)?;
        Ok::<_, RecoveryError>(Commit::audited(event, ()))
    });
    let asked = asked.await;
    tokio::time::sleep_until(began + Duration::from_millis(ANSWER_MS_MIN)).await;
    asked.map(drop)
}

/// Whom it is about: somebody with this address who is in this workspace, as far as the platform
/// was told. Whoever approves judges it by the team's own rows.
fn member(
    tx: &mut PlatformTx<'_>,
    email: &EmailAddress,
    workspace: TenantId,
) -> Result<Option<UserId>, StoreError> {
    let user = tx.users().find_by_email(email)?;
    let Some(user) = user.filter(store::User::has_password) else { return Ok(None) };
    let places = tx.memberships().of_user(user.id)?;
    Ok(places.iter().any(|place| place.workspace == workspace).then_some(user.id))
}

fn ask(
    tx: &mut PlatformTx<'_>,
    id: RecoveryId,
    whom: Option<UserId>,
    workspace: TenantId,
) -> Result<AuditEvent, StoreError> {
    let Some(user) = whom else {
        return Ok(AuditEvent::new(Verb::RecoveryRequested, "user", "unknown"));
    };
    // Somebody who asks twice waits for the same approvals, and gets no second message.
    let new = tx.recoveries().create(&NewRecovery { id, user })?;
    if new {
        notices::tell(tx, user, NoticeKind::RecoveryRequested, json!({}))?;
    }
    let value = json!({ "recovery": new.then_some(id), "workspace": workspace });
    Ok(AuditEvent::new(Verb::RecoveryRequested, "user", user).new_value(value))
}
