//! Calls a passkey something else.

use domain::{AccountScope, PasskeyId, PasskeyName};
use store::{Caller, Commit, Committed, QuietReason};

use super::PasskeyError;
use crate::identity::Identity;
use crate::sessions;

/// Renames one of the caller's passkeys. The name is for its person alone and changes no right, so
/// it leaves no entry.
///
/// # Errors
/// [`PasskeyError::NotVisible`].
pub async fn rename(
    identity: &Identity,
    account: &AccountScope,
    passkey: PasskeyId,
    name: PasskeyName,
) -> Result<Committed<()>, PasskeyError> {
    let scope = account.clone();
    identity
        .store
        .platform_write(&Caller::from(account), move |tx| {
            sessions::own(tx, &scope)?;
            if !tx.passkeys().rename(scope.user(), passkey, &name)? {
                return Err(PasskeyError::NotVisible);
            }
            Ok(Commit::quiet(QuietReason::OwnLabel, ()))
        })
        .await
}
