//! Invites somebody into the team.

use broker::{Broker, MacPurpose};
use domain::authz::{Invite, rank};
use domain::{InvitationId, Scope, TimeMs, limits};
use ledger::{AuditEvent, Verb};
use serde_json::json;
use store::{Caller, Commit, Committed, Invitation, NewInvitation, QuietReason, Store};

use crate::ShownOnce;
use crate::codes::TypedCode;
use crate::team::{self, TeamError};

/// An invitation, and the code that is shown once and told apart from the link.
#[derive(Debug)]
pub struct Invited {
    /// The invitation; its id is all that the link holds.
    pub invitation: Invitation,
    /// The code.
    pub code: ShownOnce,
}

/// Invites somebody with a role and into projects, for [`limits::INVITATION_MS`].
///
/// The platform's pointer from the invitation to this workspace is written first: it may point to
/// nothing, but an invitation is never without one. So that nobody fills that table without a
/// right, the rule is asked before it too.
///
/// # Errors
/// [`TeamError`]; [`TeamError::LimitReached`] for open invitations and members alike.
pub async fn invite(
    store: &Store,
    broker: &Broker,
    scope: &Scope,
    factor_at: Option<TimeMs>,
    wanted: Invite,
) -> Result<Committed<Invited>, TeamError> {
    let asked = wanted.clone();
    store
        .read(scope, move |tx| {
            let actor = team::actor(tx, factor_at)?;
            rank::decide_invite(&actor, asked)?;
            Ok::<_, TeamError>(())
        })
        .await?;

    let id: InvitationId = store.mint().id();
    let code = TypedCode::new(store.mint());
    let code_hash = broker.mac(MacPurpose::Code, code.message(id.to_bytes())).await?;
    let expires_at = store.mint().now().plus_ms(limits::INVITATION_MS);
    let tenant = scope.tenant();
    store
        .platform_write(&Caller::from(scope), move |tx| {
            tx.invitation_index().add(id, tenant, expires_at)?;
            Ok::<_, TeamError>(Commit::quiet(QuietReason::Hint, ()))
        })
        .await?;

    let stored = store
        .write(scope, move |tx| {
            let actor = team::actor_of_locked_team(tx, factor_at)?;
            let permit = rank::decide_invite(&actor, wanted)?;
            team::room_for_one_more(tx)?;
            let new = NewInvitation { id, inviter: actor.standing.user, code_hash, expires_at };
            let invitation = tx.invitations().create(permit, &new)?;
            let event = AuditEvent::new(Verb::MemberInvited, "invitation", id)
                .new_value(json!({ "role": invitation.role, "projects": invitation.projects }))
                .personal("email", invitation.email.as_str());
            Ok::<_, TeamError>(Commit::audited(event, invitation))
        })
        .await?;
    Ok(stored.map(|invitation| Invited { invitation, code: code.shown() }))
}
