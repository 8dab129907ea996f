//! Cancels a recovery, by whoever it is about: any session of theirs does.

use domain::{AccountScope, RecoveryId};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{Caller, Commit, Committed, NoticeKind, Recovery};

use crate::identity::Identity;
use crate::notices;
use crate::sessions::{self, AccountError};

/// The recovery of the caller's own account that is not over.
///
/// # Errors
/// [`AccountError`].
pub async fn of_account(
    identity: &Identity,
    account: &AccountScope,
) -> Result<Option<Recovery>, AccountError> {
    let user = account.user();
    Ok(identity.store.platform_read(move |tx| tx.recoveries().of_user(user)).await?)
}

/// Cancels it. It takes no fresh factor: whoever holds a session must be able to stop somebody who
/// has the mailbox.
///
/// # Errors
/// [`AccountError::NotVisible`]: it is somebody else's, or over.
pub async fn cancel(
    identity: &Identity,
    account: &AccountScope,
    id: RecoveryId,
) -> Result<Committed<()>, AccountError> {
    let scope = account.clone();
    identity
        .store
        .platform_write(&Caller::from(account), move |tx| {
            let own = sessions::own(tx, &scope)?;
            if !tx.recoveries().cancel(id, own.user)? {
                return Err(AccountError::NotVisible);
            }
            notices::tell(tx, own.user, NoticeKind::RecoveryCancelled, json!({}))?;
            let event = AuditEvent::new(Verb::RecoveryCancelled, "recovery", id)
                .new_value(json!({ "user": own.user, "by": own.id }));
            Ok(Commit::audited(event, ()))
        })
        .await
}
