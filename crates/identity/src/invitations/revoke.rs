//! Takes an invitation back.

use domain::authz::{Act, Place, RevokeInvitation, rank};
use domain::{InvitationId, Scope, TimeMs};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{Commit, Committed, InvitationState, Store};

use crate::team::{self, TeamError};

/// Takes an open invitation back: its code opens nothing from now on.
///
/// # Errors
/// [`TeamError`]; [`TeamError::Exists`] when it was accepted or revoked before.
pub async fn revoke(
    store: &Store,
    scope: &Scope,
    factor_at: Option<TimeMs>,
    invitation: InvitationId,
) -> Result<Committed<()>, TeamError> {
    store
        .write(scope, move |tx| {
            let actor = team::actor_of_locked_team(tx, factor_at)?;
            actor.check(Act::MemberInvite, Place::Workspace)?;
            let found = tx.invitations().lock(invitation)?.ok_or(TeamError::NotVisible)?;
            let wanted = RevokeInvitation { invitation };
            let permit = rank::decide_revoke_invitation(&actor, wanted, found.role)?;
            if found.state != InvitationState::Open {
                return Err(TeamError::Exists);
            }
            tx.invitations().revoke(permit)?;
            let event = AuditEvent::new(Verb::MemberInvitationRevoked, "invitation", invitation)
                .old_value(json!({ "role": found.role, "projects": found.projects }))
                .personal("email", found.email.as_str());
            Ok(Commit::audited(event, ()))
        })
        .await
}
