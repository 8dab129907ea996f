//! The rank guard: every act that changes somebody's place in the team, or makes a credential.
//!
//! Always true (ROLE-2 to ROLE-5), for everyone but where the rule names the owner
//! 1. The actor ranks above the member they touch.
//! 2. The actor ranks above every role they give.
//! 3. Nobody gains an act at a place except from somebody who holds it at that place now. It makes
//!    no difference whether the gain is a role, a grant, a deny taken back or ending sooner, or an
//!    invitation into a project.
//! 4. A grant is moreover among the acts that the actor's role holds by itself: what was granted is
//!    not passed on.
//! 5. Ownership moves by transfer only, so there is exactly one owner.
//! 6. A key's scopes are among the acts its creator holds now.
//!
//! The same functions serve every endpoint, API key and job. Use cases call them inside the writing
//! transaction with the team's row locked, on facts loaded there. That a member joins once only is
//! the member table's key.
//!
//! Checked by `tests/it/model/`, which walks every sequence of these calls in small teams.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::gain::gains;
use super::{
    Act, ActSet, Authority, Denied, Effect, Override, Overrides, Permit, Place, Role, Standing,
};
use crate::{ApiKeyId, EmailAddress, InvitationId, ProjectId, UserId};

/// Why a change of membership was refused. Each variant is one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RankDenied {
    /// The actor does not hold the act at all.
    #[error(transparent)]
    Act(#[from] Denied),
    /// The role given must rank below the actor.
    #[error("only roles below the caller's own can be given: {new} is not below {actor}")]
    NewRoleNotBelowActor {
        /// The actor's role.
        actor: Role,
        /// The role that was to be given.
        new: Role,
    },
    /// The member touched must rank below the actor.
    #[error("the member must rank below the caller: {target} is not below {actor}")]
    TargetNotBelowActor {
        /// The actor's role.
        actor: Role,
        /// The member's role.
        target: Role,
    },
    /// Ownership moves by transfer only; the owner cannot be removed or demoted.
    #[error("ownership moves by transfer only")]
    OwnershipMovesByTransferOnly,
    /// An override, or a key's scope, would grant what the actor does not hold.
    #[error("{0} is more than the caller may hand out")]
    AboveActor(Act),
    /// Whoever invited is no longer able to give this role.
    #[error("whoever sent this invitation may no longer give this role")]
    InviterLostRight,
    /// Somebody cannot do this to themselves.
    #[error("this cannot be done to oneself")]
    Oneself,
}

/// An invitation into the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    /// Who is invited.
    pub email: EmailAddress,
    /// With this role.
    pub role: Role,
    /// Into these projects.
    pub projects: BTreeSet<ProjectId>,
}

/// An invitation taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokeInvitation {
    /// Which.
    pub invitation: InvitationId,
}

/// A newcomer joins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptInvitation {
    /// By this invitation.
    pub invitation: InvitationId,
    /// The newcomer.
    pub user: UserId,
    /// With this role.
    pub role: Role,
    /// Into these projects.
    pub projects: BTreeSet<ProjectId>,
}

/// A member's role changes. Grants the member had end with it; denies stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRole {
    /// The member.
    pub target: UserId,
    /// The role until now.
    pub from: Role,
    /// The role from now on.
    pub to: Role,
    /// The overrides that remain.
    pub remaining: Overrides,
}

/// A member's overrides are replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetOverrides {
    /// The member.
    pub target: UserId,
    /// The overrides until now.
    pub from: Overrides,
    /// The overrides from now on.
    pub to: Overrides,
}

/// A member leaves or is removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoveMember {
    /// The member.
    pub target: UserId,
    /// The role they had.
    pub role: Role,
}

/// The owner hands the workspace over and becomes an admin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferOwnership {
    /// The owner until now.
    pub from: UserId,
    /// The owner from now on.
    pub to: UserId,
    /// The role the new owner had.
    pub to_role: Role,
}

/// A member is let into a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddProjectMember {
    /// The project.
    pub project: ProjectId,
    /// The member.
    pub target: UserId,
}

/// A member is let out of a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoveProjectMember {
    /// The project.
    pub project: ProjectId,
    /// The member.
    pub target: UserId,
}

/// An API key is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateKey {
    /// Who makes it.
    pub creator: UserId,
    /// What it may do at most.
    pub scopes: ActSet,
}

/// An API key gets a successor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RotateKey {
    /// Which.
    pub key: ApiKeyId,
    /// Who made it, and makes its successor.
    pub creator: UserId,
    /// What both may do at most.
    pub scopes: ActSet,
}

/// An API key is revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokeKey {
    /// Which.
    pub key: ApiKeyId,
    /// Who made it.
    pub creator: UserId,
}

/// Decides an invitation.
///
/// # Errors
/// [`RankDenied`]: the first rule that refused.
pub fn decide_invite(actor: &Authority, wanted: Invite) -> Result<Permit<Invite>, RankDenied> {
    actor.check(Act::MemberInvite, Place::Workspace)?;
    may_bring_in(actor, wanted.role, &wanted.projects)?;
    Ok(Permit::granted(wanted))
}

/// Decides taking an invitation back: it must be one the actor could have sent.
///
/// # Errors
/// [`RankDenied`]: the first rule that refused.
pub fn decide_revoke_invitation(
    actor: &Authority,
    wanted: RevokeInvitation,
    role: Role,
) -> Result<Permit<RevokeInvitation>, RankDenied> {
    actor.check(Act::MemberInvite, Place::Workspace)?;
    new_role_below_actor(actor.standing.role, role)?;
    Ok(Permit::granted(wanted))
}

/// Decides an acceptance. The invitation is judged again, against the inviter as they stand now;
/// `None` means that the inviter is no longer in the team. The newcomer must not be in the team:
/// the member table's key refuses a second row, so an acceptance never changes a member.
///
/// # Errors
/// [`RankDenied::InviterLostRight`] when the inviter could not send this invitation today;
/// [`RankDenied::Oneself`] when the inviter is the newcomer.
pub fn decide_accept(
    inviter: Option<&Authority>,
    wanted: AcceptInvitation,
) -> Result<Permit<AcceptInvitation>, RankDenied> {
    let inviter = inviter.ok_or(RankDenied::InviterLostRight)?;
    if inviter.standing.user == wanted.user {
        return Err(RankDenied::Oneself);
    }
    let still = inviter.check(Act::MemberInvite, Place::Workspace).is_ok()
        && may_bring_in(inviter, wanted.role, &wanted.projects).is_ok();
    if still { Ok(Permit::granted(wanted)) } else { Err(RankDenied::InviterLostRight) }
}

/// Decides a change of role.
///
/// # Errors
/// [`RankDenied`]: the first rule that refused.
pub fn decide_change_role(
    actor: &Authority,
    target: &Standing,
    to: Role,
) -> Result<Permit<ChangeRole>, RankDenied> {
    actor.check(Act::MemberChangeRole, Place::Workspace)?;
    if target.role == Role::Owner || to == Role::Owner {
        return Err(RankDenied::OwnershipMovesByTransferOnly);
    }
    target_below_actor(actor.standing.role, target.role)?;
    new_role_below_actor(actor.standing.role, to)?;
    let remaining = target.overrides.without_grants();
    let after = Standing { role: to, overrides: remaining.clone(), ..target.clone() };
    hands_out_held_acts_only(actor, Some(target), &after)?;
    Ok(Permit::granted(ChangeRole { target: target.user, from: target.role, to, remaining }))
}

/// Decides new overrides for a member. Only the difference to the present ones is judged: grants
/// that are new or last longer, denies that are gone or end sooner.
///
/// # Errors
/// [`RankDenied`]: the first rule that refused.
pub fn decide_overrides(
    actor: &Authority,
    target: &Standing,
    to: Overrides,
) -> Result<Permit<SetOverrides>, RankDenied> {
    actor.check(Act::MemberOverride, Place::Workspace)?;
    target_below_actor(actor.standing.role, target.role)?;
    new_grants_within_actor(actor, &target.overrides, &to)?;
    let after = Standing { overrides: to.clone(), ..target.clone() };
    hands_out_held_acts_only(actor, Some(target), &after)?;
    Ok(Permit::granted(SetOverrides { target: target.user, from: target.overrides.clone(), to }))
}

/// Decides a removal. Everyone but the owner may also leave by themselves.
///
/// # Errors
/// [`RankDenied`]: the first rule that refused.
pub fn decide_remove(
    actor: &Authority,
    target: &Standing,
) -> Result<Permit<RemoveMember>, RankDenied> {
    if target.role == Role::Owner {
        return Err(match actor.check(Act::MemberRemove, Place::Workspace) {
            Err(denied) if actor.standing.user != target.user => denied.into(),
            _ => RankDenied::OwnershipMovesByTransferOnly,
        });
    }
    let leaving = actor.standing.user == target.user && actor.ceiling.is_none();
    if !leaving {
        actor.check(Act::MemberRemove, Place::Workspace)?;
        target_below_actor(actor.standing.role, target.role)?;
    }
    Ok(Permit::granted(RemoveMember { target: target.user, role: target.role }))
}

/// Decides a transfer of ownership. Only the owner, only to another member.
///
/// # Errors
/// [`RankDenied`]: the first rule that refused.
pub fn decide_transfer(
    actor: &Authority,
    target: &Standing,
) -> Result<Permit<TransferOwnership>, RankDenied> {
    actor.check(Act::WorkspaceTransfer, Place::Workspace)?;
    if actor.standing.role != Role::Owner {
        return Err(RankDenied::OwnershipMovesByTransferOnly);
    }
    if actor.standing.user == target.user {
        return Err(RankDenied::Oneself);
    }
    Ok(Permit::granted(TransferOwnership {
        from: actor.standing.user,
        to: target.user,
        to_role: target.role,
    }))
}

/// Decides letting a member into a project.
///
/// # Errors
/// [`RankDenied`]: the first rule that refused.
pub fn decide_add_project_member(
    actor: &Authority,
    target: &Standing,
    project: ProjectId,
) -> Result<Permit<AddProjectMember>, RankDenied> {
    actor.check(Act::ProjectInvite, Place::Project(project))?;
    target_below_actor(actor.standing.role, target.role)?;
    let mut after = target.clone();
    after.projects.insert(project);
    hands_out_held_acts_only(actor, Some(target), &after)?;
    Ok(Permit::granted(AddProjectMember { project, target: target.user }))
}

/// Decides letting a member out of a project.
///
/// # Errors
/// [`RankDenied`]: the first rule that refused.
pub fn decide_remove_project_member(
    actor: &Authority,
    target: &Standing,
    project: ProjectId,
) -> Result<Permit<RemoveProjectMember>, RankDenied> {
    actor.check(Act::ProjectInvite, Place::Project(project))?;
    target_below_actor(actor.standing.role, target.role)?;
    Ok(Permit::granted(RemoveProjectMember { project, target: target.user }))
}

/// Decides a new API key: its scopes are among what its creator holds in the workspace now.
///
/// # Errors
/// [`RankDenied`]: the first rule that refused.
pub fn decide_create_key(
    actor: &Authority,
    scopes: ActSet,
) -> Result<Permit<CreateKey>, RankDenied> {
    actor.check(Act::KeyCreate, Place::Workspace)?;
    within(scopes, actor.effective(Place::Workspace))?;
    Ok(Permit::granted(CreateKey { creator: actor.standing.user, scopes }))
}

/// Decides a rotation: one's own key only, since whoever holds the successor acts as its maker; its
/// scopes are among what they hold now.
///
/// # Errors
/// [`RankDenied`]: the first rule that refused.
pub fn decide_rotate_key(
    actor: &Authority,
    key: ApiKeyId,
    creator: UserId,
    scopes: ActSet,
) -> Result<Permit<RotateKey>, RankDenied> {
    actor.check(Act::KeyCreate, Place::Workspace)?;
    if actor.standing.user != creator {
        return Err(RankDenied::AboveActor(Act::KeyCreate));
    }
    within(scopes, actor.effective(Place::Workspace))?;
    Ok(Permit::granted(RotateKey { key, creator, scopes }))
}

/// Decides a revocation: one's own key, or the key of somebody who ranks below or has left.
///
/// # Errors
/// [`RankDenied`]: the first rule that refused.
pub fn decide_revoke_key(
    actor: &Authority,
    key: ApiKeyId,
    creator: UserId,
    creator_standing: Option<&Standing>,
) -> Result<Permit<RevokeKey>, RankDenied> {
    actor.check(Act::KeyRevoke, Place::Workspace)?;
    if actor.standing.user != creator {
        match creator_standing {
            Some(standing) => target_below_actor(actor.standing.role, standing.role)?,
            None => target_below_actor(actor.standing.role, Role::Operator)?,
        }
    }
    Ok(Permit::granted(RevokeKey { key, creator }))
}

fn new_role_below_actor(actor: Role, new: Role) -> Result<(), RankDenied> {
    if new == Role::Owner {
        return Err(RankDenied::OwnershipMovesByTransferOnly);
    }
    if actor > new { Ok(()) } else { Err(RankDenied::NewRoleNotBelowActor { actor, new }) }
}

fn target_below_actor(actor: Role, target: Role) -> Result<(), RankDenied> {
    if actor > target { Ok(()) } else { Err(RankDenied::TargetNotBelowActor { actor, target }) }
}

/// Whether the actor may bring somebody new in, with this role and into these projects.
fn may_bring_in(
    actor: &Authority,
    role: Role,
    projects: &BTreeSet<ProjectId>,
) -> Result<(), RankDenied> {
    new_role_below_actor(actor.standing.role, role)?;
    projects
        .iter()
        .try_for_each(|project| actor.check(Act::ProjectInvite, Place::Project(*project)))?;
    let newcomer = Standing {
        // Nobody yet: what a standing holds does not depend on whose it is.
        user: UserId::from(Uuid::nil()),
        role,
        overrides: Overrides::default(),
        projects: projects.clone(),
    };
    hands_out_held_acts_only(actor, None, &newcomer)
}

/// Stops the attack by proxy: a member who was denied an act, or an API key that was never given
/// it, brings in or raises somebody who holds it.
fn hands_out_held_acts_only(
    actor: &Authority,
    before: Option<&Standing>,
    after: &Standing,
) -> Result<(), RankDenied> {
    gains(actor, before, after)
        .into_iter()
        .try_for_each(|(place, gained)| within(gained, actor.effective(place)))
}

fn new_grants_within_actor(
    actor: &Authority,
    present: &Overrides,
    wanted: &Overrides,
) -> Result<(), RankDenied> {
    let base = actor.standing.role.base_rights();
    let is_new_grant =
        |one: &&Override| one.effect == Effect::Grant && !present.iter().any(|known| known == *one);
    for one in wanted.iter().filter(is_new_grant) {
        let place = one.project.map_or(Place::Workspace, Place::Project);
        if let Place::Project(project) = place
            && !actor.standing.reaches(project)
        {
            return Err(Denied::NotVisible.into());
        }
        if !one.act.grantable() {
            return Err(RankDenied::AboveActor(one.act));
        }
        within(ActSet::of(&[one.act]), actor.effective(place).intersection(base))?;
    }
    Ok(())
}

fn within(wanted: ActSet, held: ActSet) -> Result<(), RankDenied> {
    wanted.difference(held).iter().next().map_or(Ok(()), |act| Err(RankDenied::AboveActor(act)))
}
