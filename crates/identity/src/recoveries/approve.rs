//! Vouches for somebody who lost both factors.
//!
//! Always true: who vouches is judged on the team's own rows a moment before; the vote is one row
//! per workspace, and the last one missing approves the recovery in its own transaction. The code
//! is made by whoever casts that vote, and sealed for the message before the transaction.

use broker::{Broker, BrokerError, MacPurpose};
use domain::authz::decide_vouch;
use domain::{NoticeId, Reason, RecoveryId, Scope, Sealed, TenantId, TimeMs, UserId, limits};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{
    Caller, Commit, Committed, NewNotice, NoticeKind, PlatformTx, Recovery, RecoveryState, Store,
    StoreError,
};

use super::tried::message;
use crate::ShownOnce;
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

    let ballot = Ballot { id, user: vouch.target, by: Voucher::Member(vouch.by) };
    let (vote, _mailed) = ballot.vote(store, &identity.broker, vec![scope.tenant()]).await?;
    store
        .platform_write(&Caller::from(scope), move |tx| count(tx, &vote)?.ok_or(TeamError::Exists))
        .await
}

/// Who vouches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Voucher {
    /// Somebody in the workspace who ranks above the person.
    Member(UserId),
    /// The host's operator, who says why.
    Host(Reason),
}

/// Who vouches for which recovery.
pub(super) struct Ballot {
    pub(super) id: RecoveryId,
    pub(super) user: UserId,
    pub(super) by: Voucher,
}

/// The vote of some workspaces, with what is needed if no other one is missing.
pub(super) struct Vote {
    ballot: Ballot,
    workspaces: Vec<TenantId>,
    digest: [u8; 32],
    notice: NoticeId,
    sealed: Sealed,
}

impl Ballot {
    /// The vote, and the code that opens the recovery if it is the last one.
    pub(super) async fn vote(
        self,
        store: &Store,
        broker: &Broker,
        workspaces: Vec<TenantId>,
    ) -> Result<(Vote, ShownOnce), BrokerError> {
        let (notice, code): (NoticeId, _) = (store.mint().id(), TypedCode::new(store.mint()));
        let digest = broker.mac(MacPurpose::Code, message(&code, self.id)).await?;
        let shown = code.shown();
        let sealed = notices::sealed_code(broker, self.user, notice, &shown).await?;
        Ok((Vote { ballot: self, workspaces, digest, notice, sealed }, shown))
    }
}

impl Voucher {
    const fn user(&self) -> Option<UserId> {
        match self {
            Self::Member(user) => Some(*user),
            Self::Host(_) => None,
        }
    }
}

/// Casts the vote. `None`: these workspaces have vouched, or the recovery is over.
pub(super) fn count(
    tx: &mut PlatformTx<'_>,
    vote: &Vote,
) -> Result<Option<Commit<Vouched>>, StoreError> {
    let Vote { ballot: Ballot { id, user, by }, workspaces, .. } = vote;
    let (id, user) = (*id, *user);
    let mut fresh = false;
    for workspace in workspaces {
        fresh |= tx.recoveries().vouch(id, *workspace, by.user())?;
    }
    if !fresh {
        return Ok(None);
    }
    let missing = tx.recoveries().unvouched(id, user)?;
    let opens_at = (missing == 0).then(|| tx.now().plus_ms(limits::RECOVERY_DELAY_MS));
    match opens_at {
        Some(opens_at) if !open(tx, vote, opens_at)? => return Ok(None),
        Some(_) => {}
        None => {
            let details = json!({ "reason": "one of your workspaces vouched; others have to" });
            notices::tell(tx, user, NoticeKind::RecoveryRequested, details)?;
        }
    }
    // Workspaces are told `by` and `why`; who vouched in one is nobody's business in another.
    let (by, why, voucher) = match by {
        Voucher::Member(voucher) => ("member", None, Some(voucher)),
        Voucher::Host(reason) => ("host", Some(reason.as_str()), None),
    };
    let event = AuditEvent::new(Verb::RecoveryApproved, "recovery", id).new_value(json!({
        "user": user, "workspaces": workspaces, "by": by, "why": why, "voucher": voucher,
        "opens_at_ms": opens_at,
    }));
    Ok(Some(Commit::audited(event, Vouched { user, opens_at })))
}

/// Opens it, and has its person told. `false`: it is over, or was opened before.
fn open(tx: &mut PlatformTx<'_>, vote: &Vote, opens_at: TimeMs) -> Result<bool, StoreError> {
    let Ballot { id, user, .. } = vote.ballot;
    if !tx.recoveries().approve(id, vote.digest, opens_at)? {
        return Ok(false);
    }
    let ends = opens_at.plus_ms(limits::RECOVERY_OPEN_MS);
    tx.notices().enqueue(&NewNotice {
        id: vote.notice,
        user,
        kind: NoticeKind::RecoveryLink,
        details: json!({ "link": id, "opens_at_ms": opens_at, "expires_at_ms": ends }),
        sealed: Some(vote.sealed.clone()),
    })?;
    Ok(true)
}
