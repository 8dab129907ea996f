//! Shows a person their live sessions.

use domain::{AccountScope, SessionId};
use store::{Listing, Page, Session};

use super::AccountError;
use crate::identity::Identity;

/// The caller's live sessions, in the order they began.
///
/// # Errors
/// [`AccountError`].
pub async fn list(
    identity: &Identity,
    account: &AccountScope,
    page: Page<SessionId>,
) -> Result<Listing<Session>, AccountError> {
    let account = account.clone();
    identity
        .store
        .platform_read(move |tx| {
            super::own(tx, &account)?;
            Ok(tx.sessions().list(account.user(), page)?)
        })
        .await
}
