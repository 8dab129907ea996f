//! Shows those who can vouch who asked for it.

use domain::authz::decide_see_recoveries;
use domain::{RecoveryId, Scope, TimeMs};
use store::{Listing, Page, Recovery, Store};

use crate::team::{self, TeamError};

/// The recoveries that are not over, of members of the caller's workspace.
///
/// # Errors
/// [`TeamError`].
pub async fn list(
    store: &Store,
    scope: &Scope,
    factor_at: Option<TimeMs>,
    page: Page<RecoveryId>,
) -> Result<Listing<Recovery>, TeamError> {
    store
        .read(scope, move |tx| {
            let actor = team::actor(tx, factor_at)?;
            Ok::<_, TeamError>(decide_see_recoveries(&actor)?)
        })
        .await?;
    let workspace = scope.tenant();
    Ok(store.platform_read(move |tx| tx.recoveries().list(workspace, page)).await?)
}
