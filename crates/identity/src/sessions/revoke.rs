//! Ends sessions: one, all but the caller's, or all.
//!
//! Always true: the row ends with the commit; access tokens end within a poll of the revocation
//! view, on every replica.

use domain::{AccountScope, SessionId};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{Caller, Commit, Committed, Revoked};

use super::AccountError;
use crate::identity::Identity;

/// Ends one of the caller's sessions.
///
/// # Errors
/// [`AccountError::NotVisible`]: no live session of theirs.
pub async fn revoke(
    identity: &Identity,
    account: &AccountScope,
    session: SessionId,
) -> Result<Committed<()>, AccountError> {
    let caller = Caller::from(account);
    let account = account.clone();
    identity
        .store
        .platform_write(&caller, move |tx| {
            // Signing out is a session's own; ending another is the account's.
            let own = if session == account.session() {
                super::own_confined_too(tx, &account)?
            } else {
                super::own(tx, &account)?
            };
            let theirs = tx.sessions().find(session)?.is_some_and(|found| found.user == own.user);
            if !theirs || !tx.sessions().revoke(session)? {
                return Err(AccountError::NotVisible);
            }
            tx.revocations().add(Revoked::Session { session, epoch: i64::MAX })?;
            Ok(Commit::audited(ended(session, own.id), ()))
        })
        .await
}

/// Ends all of the caller's sessions but the one the request came in; which ones.
///
/// # Errors
/// [`AccountError`].
pub async fn revoke_others(
    identity: &Identity,
    account: &AccountScope,
) -> Result<Committed<Vec<SessionId>>, AccountError> {
    let caller = Caller::from(account);
    let account = account.clone();
    identity
        .store
        .platform_write(&caller, move |tx| {
            let own = super::own(tx, &account)?;
            let others = tx.sessions().revoke_others(own.user, own.id)?;
            for session in &others {
                tx.revocations().add(Revoked::Session { session: *session, epoch: i64::MAX })?;
            }
            let event = AuditEvent::new(Verb::SessionEnded, "user", own.user)
                .new_value(json!({ "by": own.id, "sessions": others }));
            Ok(Commit::audited(event, others))
        })
        .await
}

/// Ends all of the caller's sessions, the one the request came in among them; which ones.
///
/// # Errors
/// [`AccountError`].
pub async fn revoke_all(
    identity: &Identity,
    account: &AccountScope,
) -> Result<Committed<Vec<SessionId>>, AccountError> {
    let caller = Caller::from(account);
    let account = account.clone();
    identity
        .store
        .platform_write(&caller, move |tx| {
            let own = super::own(tx, &account)?;
            let all = tx.sessions().revoke_all(own.user)?;
            for session in &all {
                tx.revocations().add(Revoked::Session { session: *session, epoch: i64::MAX })?;
            }
            let event = AuditEvent::new(Verb::SessionEnded, "user", own.user)
                .new_value(json!({ "by": own.id, "sessions": all }));
            Ok(Commit::audited(event, all))
        })
        .await
}

fn ended(session: SessionId, by: SessionId) -> AuditEvent {
    AuditEvent::new(Verb::SessionEnded, "session", session).new_value(json!({ "by": by }))
}
