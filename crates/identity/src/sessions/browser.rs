//! Notes that a browser holds a session.

use domain::{Origin, SessionId};
use store::{Caller, Commit, QuietReason, StoreError};

use crate::identity::Identity;

/// A session that nothing was known about is a browser's: its refresh token went into a cookie.
/// What it may do does not change.
///
/// # Errors
/// The store's.
pub async fn kept_in_browser(
    identity: &Identity,
    origin: Origin,
    session: SessionId,
) -> Result<(), StoreError> {
    let known = identity.store.platform_read(move |tx| tx.sessions().find(session)).await?;
    if known.is_none_or(|session| session.client != store::ClientKind::Api) {
        return Ok(());
    }
    identity
        .store
        .platform_write(&Caller::anonymous(origin), move |tx| {
            tx.sessions().keep_in_browser(session)?;
            Ok::<_, StoreError>(Commit::quiet(QuietReason::SessionRefreshed, ()))
        })
        .await?;
    Ok(())
}
