//! Three guards over the same calls: the real rules, the rules written a second time, and the
//! second writing with clauses left out.
//!
//! Always true: the second writing shares no decision code with `domain::authz::rank`, so that the
//! model can hold one against the other at every reachable call.

use std::collections::BTreeSet;

use domain::authz::rank::{self, *};
use domain::authz::{Act, ActSet, Authority, Effect, Overrides, Place, Role, Standing};
use domain::{EmailAddress, ProjectId, TimeMs};

use super::team::{By, Call, EARLY, END, Permitted, Team, elsewhere, project, user};

/// Says whether a call may happen, and with which values.
pub(super) trait Guard: Send + Sync + 'static {
    fn permits(&self, team: &Team, by: By, call: &Call) -> Option<Permitted>;

    /// The key's authority as the guard sees it.
    fn key_authority(&self, team: &Team) -> Option<Authority> {
        team.key_authority()
    }

    /// What happens to the team after a permitted call, for those who forget half of a write.
    fn apply(&self, team: &mut Team, by: By, permitted: Permitted) {
        team.apply(by, permitted);
    }
}

fn address() -> EmailAddress {
    EmailAddress::parse("newcomer@example.org").expect("an address")
}

/// `domain::authz::rank` itself.
pub(super) struct Real;

impl Guard for Real {
    fn permits(&self, team: &Team, by: By, call: &Call) -> Option<Permitted> {
        if let (Call::AcceptInvitation, By::Person(seat)) = (call, by) {
            return accept(team, seat);
        }
        let actor = team.authority(by)?;
        let at = |seat: usize| team.members[seat].as_ref();
        match call {
            Call::Invite(role, projects) => {
                let wanted = Invite { email: address(), role: *role, projects: projects.clone() };
                rank::decide_invite(&actor, wanted).ok().map(|p| Permitted::Invite(p.into_inner()))
            }
            Call::TakeBackInvitation => {
                let wanted = RevokeInvitation { invitation: Team::invitation_id() };
                let role = team.invitation.as_ref()?.role;
                rank::decide_revoke_invitation(&actor, wanted, role)
                    .ok()
                    .map(|_| Permitted::TakeBackInvitation)
            }
            Call::AcceptInvitation => None,
            Call::ChangeRole(target, to) => rank::decide_change_role(&actor, at(*target)?, *to)
                .ok()
                .map(|p| Permitted::ChangeRole(p.into_inner())),
            Call::SetOverrides(target, to) => {
                rank::decide_overrides(&actor, at(*target)?, to.clone())
                    .ok()
                    .map(|p| Permitted::SetOverrides(p.into_inner()))
            }
            Call::Remove(target) => rank::decide_remove(&actor, at(*target)?)
                .ok()
                .map(|p| Permitted::Remove(p.into_inner())),
            Call::Transfer(target) => rank::decide_transfer(&actor, at(*target)?)
                .ok()
                .map(|p| Permitted::Transfer(p.into_inner())),
            Call::AddToProject(target) => {
                rank::decide_add_project_member(&actor, at(*target)?, project())
                    .ok()
                    .map(|p| Permitted::AddToProject(p.into_inner()))
            }
            Call::RemoveFromProject(target) => {
                rank::decide_remove_project_member(&actor, at(*target)?, project())
                    .ok()
                    .map(|p| Permitted::RemoveFromProject(p.into_inner()))
            }
            Call::CreateKey(scopes) => rank::decide_create_key(&actor, *scopes)
                .ok()
                .map(|p| Permitted::CreateKey(p.into_inner())),
            Call::RevokeKey => {
                let creator = team.key.as_ref()?.creator;
                rank::decide_revoke_key(&actor, Team::key_id(), user(creator), at(creator))
                    .ok()
                    .map(|_| Permitted::RevokeKey)
            }
        }
    }
}

/// The member table's key comes first: somebody who is in the team cannot join it.
fn accept(team: &Team, seat: usize) -> Option<Permitted> {
    if team.members[seat].is_some() {
        return None;
    }
    let invitation = team.invitation.as_ref()?;
    let inviter = team.person(invitation.inviter);
    rank::decide_accept(inviter.as_ref(), accepted(team, seat)?)
        .ok()
        .map(|p| Permitted::Accept(p.into_inner()))
}

fn accepted(team: &Team, seat: usize) -> Option<AcceptInvitation> {
    let it = team.invitation.as_ref()?;
    let invitation = Team::invitation_id();
    Some(AcceptInvitation {
        invitation,
        user: user(seat),
        role: it.role,
        projects: it.projects.clone(),
    })
}

/// A clause of the guard, named by what it demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clause {
    ActIsHeld,
    NewRoleBelowActor,
    TargetBelowActor,
    OwnershipMovesByTransferOnly,
    OwnerAloneTransfers,
    TransferIsToSomebodyElse,
    OldOwnerStepsDown,
    RoleHandsOutHeldActs,
    OverridesHandOutHeldActs,
    ProjectHandsOutHeldActs,
    InvitationHandsOutHeldActs,
    GrantsAreHeld,
    GrantsAreInBaseRights,
    GrantsAreGrantable,
    GrantsEndWithTheRole,
    InvitationIsJudgedAgain,
    MembersJoinOnce,
    KeyScopesAreHeld,
    KeyIsCutToItsCreatorNow,
    KeysAreMadeByPeople,
    RevokedKeyBelongsBelow,
}

/// The rules, written a second time, plainly, without the clauses listed.
pub(super) struct Written {
    pub without: &'static [Clause],
}

/// Everything the team's people can hold at some place, now or when overrides have ended.
pub(super) fn held_ever(standing: &Standing, place: Place, now: TimeMs) -> [ActSet; 2] {
    let at = |time: TimeMs| standing.effective(place, if time < now { now } else { time });
    [at(EARLY), at(END)]
}

pub(super) const fn places() -> [fn() -> Place; 3] {
    [|| Place::Workspace, || Place::Project(project()), || Place::Project(elsewhere())]
}

impl Written {
    fn has(&self, clause: Clause) -> bool {
        !self.without.contains(&clause)
    }

    /// Whether `demand` holds, or its clause was left out.
    fn demands(&self, clause: Clause, demand: impl FnOnce() -> bool) -> Option<()> {
        (!self.has(clause) || demand()).then_some(())
    }

    fn holds(&self, actor: &Authority, act: Act, place: Place) -> Option<()> {
        self.demands(Clause::ActIsHeld, || actor.effective(place).contains(act))
    }

    fn below(&self, clause: Clause, actor: &Authority, role: Role) -> Option<()> {
        self.demands(clause, || role < actor.standing.role)
    }

    fn hands_out(
        &self,
        clause: Clause,
        actor: &Authority,
        before: Option<&Standing>,
        after: &Standing,
    ) -> Option<()> {
        self.demands(clause, || {
            places().iter().all(|place| {
                let held = before.map_or([ActSet::EMPTY; 2], |b| held_ever(b, place(), actor.now));
                let will = held_ever(after, place(), actor.now);
                will.iter()
                    .zip(held)
                    .all(|(w, h)| w.difference(h).is_subset_of(actor.effective(place())))
            })
        })
    }

    fn brings_in(
        &self,
        actor: &Authority,
        role: Role,
        projects: &BTreeSet<ProjectId>,
    ) -> Option<()> {
        self.holds(actor, Act::MemberInvite, Place::Workspace)?;
        self.below(Clause::NewRoleBelowActor, actor, role)?;
        for one in projects {
            self.holds(actor, Act::ProjectInvite, Place::Project(*one))?;
        }
        let overrides = Overrides::default();
        let after = Standing { user: user(4), role, overrides, projects: projects.clone() };
        self.hands_out(Clause::InvitationHandsOutHeldActs, actor, None, &after)
    }

    fn role(&self, actor: &Authority, target: &Standing, to: Role) -> Option<Permitted> {
        self.holds(actor, Act::MemberChangeRole, Place::Workspace)?;
        self.below(Clause::TargetBelowActor, actor, target.role)?;
        self.below(Clause::NewRoleBelowActor, actor, to)?;
        let remaining = if self.has(Clause::GrantsEndWithTheRole) {
            target.overrides.without_grants()
        } else {
            target.overrides.clone()
        };
        let after = Standing { role: to, overrides: remaining.clone(), ..target.clone() };
        self.hands_out(Clause::RoleHandsOutHeldActs, actor, Some(target), &after)?;
        let (target, from) = (target.user, target.role);
        Some(Permitted::ChangeRole(ChangeRole { target, from, to, remaining }))
    }

    fn overrides(&self, actor: &Authority, target: &Standing, to: &Overrides) -> Option<Permitted> {
        self.holds(actor, Act::MemberOverride, Place::Workspace)?;
        self.below(Clause::TargetBelowActor, actor, target.role)?;
        let old: Vec<_> = target.overrides.iter().collect();
        for one in to.iter().filter(|one| one.effect == Effect::Grant && !old.contains(one)) {
            let place = one.project.map_or(Place::Workspace, Place::Project);
            let base = actor.standing.role.base_rights();
            self.demands(Clause::GrantsAreGrantable, || one.act.grantable())?;
            self.demands(Clause::GrantsAreInBaseRights, || base.contains(one.act))?;
            self.demands(Clause::GrantsAreHeld, || actor.effective(place).contains(one.act))?;
        }
        let after = Standing { overrides: to.clone(), ..target.clone() };
        self.hands_out(Clause::OverridesHandOutHeldActs, actor, Some(target), &after)?;
        let (target, from) = (target.user, target.overrides.clone());
        Some(Permitted::SetOverrides(SetOverrides { target, from, to: to.clone() }))
    }

    fn remove(&self, by: By, actor: &Authority, target: &Standing) -> Option<Permitted> {
        self.demands(Clause::OwnershipMovesByTransferOnly, || target.role != Role::Owner)?;
        if target.user != actor.standing.user || by == By::Key {
            self.holds(actor, Act::MemberRemove, Place::Workspace)?;
            self.below(Clause::TargetBelowActor, actor, target.role)?;
        }
        Some(Permitted::Remove(RemoveMember { target: target.user, role: target.role }))
    }

    fn transfer(&self, by: By, actor: &Authority, target: &Standing) -> Option<Permitted> {
        if by == By::Key {
            return None;
        }
        let (from, to, to_role) = (actor.standing.user, target.user, target.role);
        self.holds(actor, Act::WorkspaceTransfer, Place::Workspace)?;
        self.demands(Clause::OwnerAloneTransfers, || actor.standing.role == Role::Owner)?;
        self.demands(Clause::TransferIsToSomebodyElse, || from != to)?;
        Some(Permitted::Transfer(TransferOwnership { from, to, to_role }))
    }

    fn enter_project(&self, actor: &Authority, target: &Standing) -> Option<Permitted> {
        self.holds(actor, Act::ProjectInvite, Place::Project(project()))?;
        self.below(Clause::TargetBelowActor, actor, target.role)?;
        let mut after = target.clone();
        after.projects.insert(project());
        self.hands_out(Clause::ProjectHandsOutHeldActs, actor, Some(target), &after)?;
        let (project, target) = (project(), target.user);
        Some(Permitted::AddToProject(AddProjectMember { project, target }))
    }

    fn accept(&self, team: &Team, seat: usize) -> Option<Permitted> {
        self.demands(Clause::MembersJoinOnce, || team.members[seat].is_none())?;
        let wanted = accepted(team, seat)?;
        let inviter = team.person(team.invitation.as_ref()?.inviter);
        self.demands(Clause::InvitationIsJudgedAgain, || {
            inviter.as_ref().is_some_and(|inviter| {
                self.brings_in(inviter, wanted.role, &wanted.projects).is_some()
            })
        })?;
        Some(Permitted::Accept(wanted))
    }

    fn create_key(&self, by: By, actor: &Authority, scopes: ActSet) -> Option<Permitted> {
        self.demands(Clause::KeysAreMadeByPeople, || by != By::Key)?;
        self.holds(actor, Act::KeyCreate, Place::Workspace)?;
        self.demands(Clause::KeyScopesAreHeld, || {
            scopes.is_subset_of(actor.effective(Place::Workspace))
        })?;
        Some(Permitted::CreateKey(CreateKey { creator: actor.standing.user, scopes }))
    }

    fn revoke_key(&self, team: &Team, actor: &Authority) -> Option<Permitted> {
        let creator = team.key.as_ref()?.creator;
        self.holds(actor, Act::KeyRevoke, Place::Workspace)?;
        if user(creator) != actor.standing.user {
            let role = team.members[creator].as_ref().map_or(Role::Operator, |m| m.role);
            self.below(Clause::RevokedKeyBelongsBelow, actor, role)?;
        }
        Some(Permitted::RevokeKey)
    }
}

impl Guard for Written {
    fn permits(&self, team: &Team, by: By, call: &Call) -> Option<Permitted> {
        if let (Call::AcceptInvitation, By::Person(seat)) = (call, by) {
            return self.accept(team, seat);
        }
        let actor = match by {
            By::Person(seat) => team.person(seat)?,
            By::Key => self.key_authority(team)?,
        };
        let at = |seat: usize| team.members[seat].as_ref();
        match call {
            Call::Invite(role, projects) => {
                self.brings_in(&actor, *role, projects)?;
                let (email, role, projects) = (address(), *role, projects.clone());
                Some(Permitted::Invite(Invite { email, role, projects }))
            }
            Call::TakeBackInvitation => {
                self.holds(&actor, Act::MemberInvite, Place::Workspace)?;
                self.below(Clause::NewRoleBelowActor, &actor, team.invitation.as_ref()?.role)?;
                Some(Permitted::TakeBackInvitation)
            }
            Call::AcceptInvitation => None,
            Call::ChangeRole(target, to) => self.role(&actor, at(*target)?, *to),
            Call::SetOverrides(target, to) => self.overrides(&actor, at(*target)?, to),
            Call::Remove(target) => self.remove(by, &actor, at(*target)?),
            Call::Transfer(target) => self.transfer(by, &actor, at(*target)?),
            Call::AddToProject(target) => self.enter_project(&actor, at(*target)?),
            Call::RemoveFromProject(target) => {
                let target = at(*target)?;
                self.holds(&actor, Act::ProjectInvite, Place::Project(project()))?;
                self.below(Clause::TargetBelowActor, &actor, target.role)?;
                let (project, target) = (project(), target.user);
                Some(Permitted::RemoveFromProject(RemoveProjectMember { project, target }))
            }
            Call::CreateKey(scopes) => self.create_key(by, &actor, *scopes),
            Call::RevokeKey => self.revoke_key(team, &actor),
        }
    }

    fn key_authority(&self, team: &Team) -> Option<Authority> {
        let mut authority = team.key_authority()?;
        if !self.has(Clause::KeyIsCutToItsCreatorNow) {
            // The mistake: rights as of the key's birth, whatever became of its creator.
            authority.standing.role = Role::Owner;
            authority.standing.overrides = Overrides::default();
        }
        Some(authority)
    }

    fn apply(&self, team: &mut Team, by: By, permitted: Permitted) {
        let handed_over = matches!(permitted, Permitted::Transfer(_));
        team.apply(by, permitted);
        if handed_over && !self.has(Clause::OldOwnerStepsDown) {
            let seat = team.seat(by);
            if let Some(old) = &mut team.members[seat] {
                old.role = Role::Owner;
            }
        }
    }
}
