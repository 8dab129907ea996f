//! Vouches for somebody who lost both factors.
//!
//! Always true: who vouches is judged on the team's own rows a moment before; the vote is one row
//! per workspace, and the last one missing approves the recovery in its own transaction.

use broker::MacPurpose;
use domain::authz::decide_vouch;
use domain::{NoticeId, RecoveryId, Scope, Sealed, TenantId, TimeMs, UserId, limits};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{
    Caller, Commit, Committed, NewNotice, NoticeKind, PlatformTx, Recovery, RecoveryState,
    StoreError,
};

use super::tried::message;
use crate::codes::TypedCode;
use crate::identity::Identity;
use crate::notices;
use crate::team::{self, TeamError};

/// What an approval led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vouched {
    /// Whose account.
    pub user: UserId,
    /// When it can be completed; `None` while another workspace of theirs has to vouch.
    pub opens_at: Option<TimeMs>,
}

/// Vouches for the person in the name of the caller's workspace.
///
/// # Errors
/// [`TeamError::NotVisible`]: no open request of a member; [`TeamError::Refused`]: the caller does
/// not rank above them, is they themselves, or gave no fresh factor; [`TeamError::Exists`]: the
/// workspace has vouched, or another request was faster.
pub async fn approve(
    identity: &Identity,
    scope: &Scope,
    factor_at: Option<TimeMs>,
    id: RecoveryId,
) -> Result<Committed<Vouched>, TeamError> {
    let store = &identity.store;
    let now = store.mint().now();
    let found = store.platform_read(move |tx| tx.recoveries().find(id)).await?;
    let waits = |found: &Recovery| {
        found.state == RecoveryState::Requested
            && found.ended_at.is_none()
            && now < found.expires_at
    };
    // The caller is judged first: whoever may not see the team learns of no recovery either.
    let user = found.filter(waits).map(|found| found.user);
    let permit = store
        .read(scope, move |tx| {
            let actor = team::actor(tx, factor_at)?;
            domain::authz::decide_see_recoveries(&actor)?;
            let target = team::target(tx, &actor, user.ok_or(TeamError::NotVisible)?)?;
            Ok::<_, TeamError>(decide_vouch(&actor, &target)?)
        })
        .await?;
    let vouch = permit.into_inner();

    let notice: NoticeId = store.mint().id();
    let code = TypedCode::new(store.mint());
    let digest = identity.broker.mac(MacPurpose::Code, message(&code, id)).await?;
    let sealed = notices::sealed_code(identity, vouch.target, notice, &code.shown()).await?;
    let vote = Vote {
        id,
        workspace: scope.tenant(),
        user: vouch.target,
        by: vouch.by,
        digest,
        notice,
        sealed,
    };
    store.platform_write(&Caller::from(scope), move |tx| count(tx, &vote)).await
}

/// One workspace's vote, with what is needed if it is the last one missing.
struct Vote {
    id: RecoveryId,
    workspace: TenantId,
    user: UserId,
    by: UserId,
    digest: [u8; 32],
    notice: NoticeId,
    sealed: Sealed,
}

fn count(tx: &mut PlatformTx<'_>, vote: &Vote) -> Result<Commit<Vouched>, TeamError> {
    let (id, user) = (vote.id, vote.user);
    if !tx.recoveries().vouch(id, vote.workspace, vote.by)? {
        return Err(TeamError::Exists);
    }
    let missing = tx.recoveries().unvouched(id, user)?;
    let opens_at = (missing == 0).then(|| tx.now().plus_ms(limits::RECOVERY_DELAY_MS));
    match opens_at {
        Some(opens_at) => open(tx, vote, opens_at)?,
        None => {
            let details = json!({ "reason": "one of your workspaces vouched; others have to" });
            notices::tell(tx, user, NoticeKind::RecoveryRequested, details)?;
        }
    }
    let event = AuditEvent::new(Verb::RecoveryApproved, "recovery", id).new_value(json!({
        "user": user, "workspace": vote.workspace, "by": vote.by, "opens_at_ms": opens_at,
    }));
    Ok(Commit::audited(event, Vouched { user, opens_at }))
}

fn open(tx: &mut PlatformTx<'_>, vote: &Vote, opens_at: TimeMs) -> Result<(), TeamError> {
    if !tx.recoveries().approve(vote.id, vote.digest, opens_at)? {
        return Err(TeamError::Exists);
    }
    let ends = opens_at.plus_ms(limits::RECOVERY_OPEN_MS);
    let told: Result<(), StoreError> = tx.notices().enqueue(&NewNotice {
        id: vote.notice,
        user: vote.user,
        kind: NoticeKind::RecoveryLink,
        details: json!({ "link": vote.id, "opens_at_ms": opens_at, "expires_at_ms": ends }),
        sealed: Some(vote.sealed.clone()),
    });
    Ok(told?)
}
