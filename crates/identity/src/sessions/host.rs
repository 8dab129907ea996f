//! Ends every session of somebody, on the host.

use domain::{EmailAddress, Reason, RequestId, SessionId};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{Caller, Commit, Committed, Store, StoreError};

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
