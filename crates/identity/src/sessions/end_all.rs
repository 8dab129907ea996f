//! Ends every session of a person, as their password or their factors are replaced from outside.

use domain::{SessionId, UserId};
use store::{PlatformTx, Revoked, StoreError};

/// Ends all of a person's sessions with their refresh tokens, and every access token issued before
/// now; which sessions. A new authenticator that waited for its code goes with them.
///
/// # Errors
/// The store's.
pub(crate) fn end_all(tx: &mut PlatformTx<'_>, user: UserId) -> Result<Vec<SessionId>, StoreError> {
    let ended = tx.sessions().revoke_all(user)?;
    for session in &ended {
        tx.revocations().add(Revoked::Session { session: *session, epoch: i64::MAX })?;
    }
    tx.revocations().add(Revoked::User(user))?;
    tx.totp_replacements().end(user)?;
    Ok(ended)
}
