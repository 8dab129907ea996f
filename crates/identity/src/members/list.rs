//! Shows the team.

use domain::authz::{self, ListMembers};
use domain::{Scope, TimeMs, UserId};
use store::{Listing, Member, Page, Store};

use crate::team::{self, TeamError};

/// The members of the caller's workspace, in the order of their ids.
///
/// # Errors
/// [`TeamError`].
pub async fn list(
    store: &Store,
    scope: &Scope,
    factor_at: Option<TimeMs>,
    page: Page<UserId>,
) -> Result<Listing<Member>, TeamError> {
    store
        .read(scope, move |tx| {
            let actor = team::actor(tx, factor_at)?;
            authz::decide(&actor, ListMembers {})?;
            Ok(tx.members().list(page)?)
        })
        .await
}
