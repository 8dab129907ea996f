//! What every change of somebody's sign-in begins and ends with.

use domain::{AccountScope, SessionId, authz};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{Caller, Commit, PlatformTx, Revoked, Rotation, Session, StoreError};

use super::ChangeError;
use crate::identity::Identity;
use crate::sessions::{self, SessionTokens};
use crate::throttle::Guess;

/// What happens to the person's other sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtherSessions {
    /// They go on.
    Keep,
    /// They end with the change.
    End,
}

/// A change that was made.
#[derive(Debug)]
pub struct Changed {
    /// The session's new tokens; those of before open nothing any more.
    pub tokens: SessionTokens,
    /// The sessions that ended with it.
    pub ended: Vec<SessionId>,
}

/// The caller's session, live, and with a factor that is fresh as its row says.
pub(super) fn fresh(
    tx: &mut PlatformTx<'_>,
    account: &AccountScope,
) -> Result<Session, ChangeError> {
    let session = sessions::own(tx, account)?;
    if authz::factor_is_fresh(session.factor_at, tx.now()) {
        Ok(session)
    } else {
        Err(ChangeError::FactorNotFresh)
    }
}

/// Moves the session to new tokens, and ends the others if that is wanted.
pub(super) fn settle(
    tx: &mut PlatformTx<'_>,
    before: &Session,
    others: OtherSessions,
) -> Result<(Session, Vec<SessionId>), ChangeError> {
    let Rotation::Advanced(_) = tx.sessions().rotate(before.id, before.generation)? else {
        return Err(ChangeError::Ended);
    };
    if tx.sessions().rise(before.id)?.is_none() {
        return Err(ChangeError::Ended);
    }
    let session = tx.sessions().find(before.id)?.ok_or(ChangeError::Ended)?;
    tx.revocations().add(Revoked::Session { session: session.id, epoch: session.epoch })?;
    let ended = match others {
        OtherSessions::Keep => Vec::new(),
        OtherSessions::End => tx.sessions().revoke_others(session.user, session.id)?,
    };
    for other in &ended {
        tx.revocations().add(Revoked::Session { session: *other, epoch: i64::MAX })?;
    }
    Ok((session, ended))
}

/// The tokens of the session as it stands after the change.
pub(super) async fn changed(
    identity: &Identity,
    session: &Session,
    ended: Vec<SessionId>,
) -> Result<Changed, ChangeError> {
    Ok(Changed { tokens: sessions::issue(identity, session).await?, ended })
}

/// Records that a proof was wrong, and counts it against its network. `what` names the proof.
pub(super) async fn refused(
    identity: &Identity,
    account: &AccountScope,
    guess: Option<Guess>,
    what: &'static str,
) -> Result<(), StoreError> {
    let (caller, session) = (Caller::from(account), account.session());
    let recorded = identity.store.platform_write(&caller, move |tx| {
        if let Some(guess) = &guess {
            guess.refused(tx)?;
        }
        let event = AuditEvent::new(Verb::SessionStepUpRefused, "session", session)
            .new_value(json!({ "method": what }));
        Ok::<_, StoreError>(Commit::audited(event, ()))
    });
    recorded.await.map(drop)
}
