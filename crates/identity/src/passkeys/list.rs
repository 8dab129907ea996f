//! Shows a person their passkeys.

use domain::{AccountScope, PasskeyId};
use store::{Listing, Page, Passkey};

use crate::identity::Identity;
use crate::sessions::{self, AccountError};

/// The caller's passkeys, in the order they were registered.
///
/// # Errors
/// [`AccountError`].
pub async fn list(
    identity: &Identity,
    account: &AccountScope,
    page: Page<PasskeyId>,
) -> Result<Listing<Passkey>, AccountError> {
    let account = account.clone();
    identity
        .store
        .platform_read(move |tx| {
            sessions::own(tx, &account)?;
            Ok(tx.passkeys().list(account.user(), page)?)
        })
        .await
}
