//! Ends the caller's own session.

use domain::AccountScope;
use store::Committed;

use super::{AccountError, revoke};
use crate::identity::Identity;

/// Signs the caller out: refresh and access tokens of this session open nothing any more.
///
/// # Errors
/// [`AccountError`].
pub async fn sign_out(
    identity: &Identity,
    account: &AccountScope,
) -> Result<Committed<()>, AccountError> {
    revoke(identity, account, account.session()).await
}
