//! Removes a passkey.
//!
//! Always true: it opens nothing from the commit on. A person keeps their password and their
//! authenticator app, so nobody locks themselves out here; staff keeps one passkey.

use domain::{AccountScope, PasskeyId};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{Caller, Commit, Committed, NewNotice, NoticeKind};

use super::PasskeyError;
use crate::identity::Identity;

/// Removes one of the caller's passkeys; it needs a factor given a short while ago.
///
/// # Errors
/// [`PasskeyError::NotVisible`], [`PasskeyError::FactorNotFresh`], [`PasskeyError::LastOfStaff`].
pub async fn remove(
    identity: &Identity,
    account: &AccountScope,
    passkey: PasskeyId,
) -> Result<Committed<()>, PasskeyError> {
    let scope = account.clone();
    identity
        .store
        .platform_write(&Caller::from(account), move |tx| {
            super::fresh(tx, &scope)?;
            let user = scope.user();
            tx.passkeys().lock(user)?;
            let name = tx.passkeys().remove(user, passkey)?.ok_or(PasskeyError::NotVisible)?;
            if tx.passkeys().count(user)? == 0 && tx.staff().find(user)?.is_some() {
                return Err(PasskeyError::LastOfStaff);
            }
            let id = tx.mint().id();
            tx.notices().enqueue(&NewNotice {
                id,
                user,
                kind: NoticeKind::FactorRemoved,
                details: json!({ "factor": "passkey", "name": name.as_str() }),
                sealed: None,
            })?;
            let event = AuditEvent::new(Verb::FactorRemoved, "passkey", passkey)
                .old_value(json!({ "user": user, "factor": "passkey" }));
            Ok(Commit::audited(event, ()))
        })
        .await
}
