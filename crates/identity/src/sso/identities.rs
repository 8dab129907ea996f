//! The providers that a person is recognised by.

use domain::{AccountScope, NoticeId, TimeMs, limits};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{Caller, Commit, Committed, LinkedIdentity, NewNotice, NoticeKind};

use super::SsoError;
use crate::identity::Identity;
use crate::sessions;

/// The caller's own.
///
/// # Errors
/// [`SsoError`].
pub async fn list(
    identity: &Identity,
    account: &AccountScope,
) -> Result<Vec<LinkedIdentity>, SsoError> {
    let scope = account.clone();
    identity
        .store
        .platform_read(move |tx| {
            let user = sessions::own_confined_too(tx, &scope)?.user;
            Ok(tx.identities().of_user(user)?)
        })
        .await
}

/// Unlinks one of the caller's. Refused when nobody could sign in to the account without it.
///
/// # Errors
/// [`SsoError`].
pub async fn unlink(
    identity: &Identity,
    account: &AccountScope,
    factor_at: TimeMs,
    issuer: String,
    subject: String,
) -> Result<Committed<()>, SsoError> {
    let (scope, notice): (_, NoticeId) = (account.clone(), identity.store.mint().id());
    identity
        .store
        .platform_write(&Caller::from(account), move |tx| {
            let user = sessions::own(tx, &scope)?.user;
            let age_ms = tx.now().since_ms(factor_at);
            if !(-limits::CLOCK_SKEW_MS_MAX..=limits::FACTOR_FRESH_MS).contains(&age_ms) {
                return Err(SsoError::FactorNotFresh);
            }
            let all = tx.identities().of_user(user)?;
            if !all.iter().any(|one| one.issuer == issuer && one.subject == subject) {
                return Err(SsoError::NotVisible);
            }
            let person = tx.users().find(user)?.ok_or(SsoError::Ended)?;
            if person.password_hash.is_empty() && all.len() == 1 {
                return Err(SsoError::OnlyWayIn);
            }
            if !tx.identities().unlink(user, &issuer, &subject)? {
                return Err(SsoError::NotVisible);
            }
            let details = json!({ "issuer": issuer });
            let kind = NoticeKind::IdentityUnlinked;
            tx.notices().enqueue(&NewNotice {
                id: notice,
                user,
                kind,
                details: details.clone(),
                sealed: None,
            })?;
            let event = AuditEvent::new(Verb::IdentityUnlinked, "user", user).old_value(details);
            Ok(Commit::audited(event, ()))
        })
        .await
}
