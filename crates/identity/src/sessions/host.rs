//! Ends every session of somebody, on the host; and everybody's after a restore.

use domain::{EmailAddress, Reason, RequestId, SessionId};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{Caller, Commit, Committed, Revoked, Store, StoreError};

use super::end_all;

/// Why nobody was signed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HostSignOutError {
    /// Nobody has this address.
    #[error("nobody here has this address")]
    Nobody,
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// Ends every session of the person with this address; which. Access tokens end within a poll of
/// the revocation view, as with any other end.
///
/// # Errors
/// [`HostSignOutError`].
pub async fn sign_out_on_host(
    store: &Store,
    email: EmailAddress,
    reason: Reason,
) -> Result<Committed<Vec<SessionId>>, HostSignOutError> {
    let caller = Caller::system("host", store.mint().id::<RequestId>());
    store
        .platform_write(&caller, move |tx| {
            let user = tx.users().find_by_email(&email)?.ok_or(HostSignOutError::Nobody)?;
            let ended = end_all(tx, user.id)?;
            let event = AuditEvent::new(Verb::SessionEnded, "user", user.id)
                .new_value(json!({ "by": "host", "why": reason.as_str(), "sessions": ended }));
            Ok(Commit::audited(event, ended))
        })
        .await
}

/// Ends every session of everybody after a restore; how many were alive in what was restored. A
/// session that was revoked since the backup must not live again, and which ones were is lost.
///
/// # Errors
/// The store's.
pub async fn sign_out_everybody(store: &Store) -> Result<Committed<usize>, StoreError> {
    let caller = Caller::system("restore", store.mint().id::<RequestId>());
    let instance = store.instance();
    store
        .platform_write(&caller, move |tx| {
            let ended = tx.sessions().revoke_every()?;
            for session in &ended {
                let over = Revoked::Session { session: *session, epoch: i64::MAX };
                tx.revocations().add(over)?;
            }
            // Sessions that began since the backup are not in it; their access tokens still run.
            for user in tx.users().ids()? {
                tx.revocations().add(Revoked::User(user))?;
            }
            let event = AuditEvent::new(Verb::SessionEnded, "instance", instance)
                .new_value(json!({ "by": "restore", "sessions": ended.len() }));
            Ok::<_, StoreError>(Commit::audited(event, ended.len()))
        })
        .await
}
