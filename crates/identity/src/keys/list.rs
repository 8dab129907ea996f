//! Shows API keys, without their secrets.

use domain::authz::{self, ListKeys};
use domain::{ApiKeyId, Scope, TimeMs};
use store::{ApiKey, Listing, Page, Store};

use crate::team::{self, TeamError};

/// The workspace's keys, revoked ones too, in the order they were made.
///
/// # Errors
/// [`TeamError`].
pub async fn list(
    store: &Store,
    scope: &Scope,
    factor_at: Option<TimeMs>,
    page: Page<ApiKeyId>,
) -> Result<Listing<ApiKey>, TeamError> {
    store
        .read(scope, move |tx| {
            let actor = team::actor(tx, factor_at)?;
            authz::decide(&actor, ListKeys {})?;
            Ok(tx.keys().list(page)?)
        })
        .await
}
