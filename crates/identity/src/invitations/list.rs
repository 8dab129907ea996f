//! Shows the invitations that can still be accepted.

use domain::authz::{Act, Place};
use domain::{InvitationId, Scope, TimeMs};
use store::{Invitation, Listing, Page, Store};

use crate::team::{self, TeamError};

/// Open invitations, in the order they were sent, for those who may invite.
///
/// # Errors
/// [`TeamError`].
pub async fn list(
    store: &Store,
    scope: &Scope,
    factor_at: Option<TimeMs>,
    page: Page<InvitationId>,
) -> Result<Listing<Invitation>, TeamError> {
    store
        .read(scope, move |tx| {
            team::actor(tx, factor_at)?.check(Act::MemberInvite, Place::Workspace)?;
            Ok(tx.invitations().list(page)?)
        })
        .await
}
