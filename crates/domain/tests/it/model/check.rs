//! The promises that hold at every step and in every state, and the walk over all of them.
//!
//! A step that breaks a promise leaves its [`Breach`] in the state; such a state has no successors,
//! so the trace to it is the counter-example.

use std::collections::BTreeSet;
use std::fmt;

use domain::authz::{Act, ActSet, Effect, Overrides, Place, Role, Standing};
use stateright::{Model, Property};

use super::guard::{Guard, Written, held_ever, places};
use super::team::{By, Call, EARLY, END, NEWCOMER, SEATS, Team, elsewhere, project, user};

/// Which promise a call broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Breach {
    /// ROLE-5: a call raised the caller.
    RaisedOneself,
    /// ROLE-2: a role at or above the giver's own.
    GaveRoleNotBelow,
    /// ROLE-2: a member at or above the caller was touched.
    TouchedMemberNotBelow,
    /// ROLE-5: somebody gained what the giver did not hold.
    HandedOutUnheldAct,
    /// ROLE-4: a grant beyond the base rights of the granter's role, or of what moves ownership.
    GrantedBeyondRole,
    /// A grant survived the role it was given with.
    GrantOutlivedRole,
    /// A call without the act it needs.
    ActNotHeld,
    /// A key made by a key, or with scopes beyond its creator.
    KeyBeyondCreator,
    /// The real rules and their second writing disagree.
    WritingsDisagree,
}

/// What may happen in one walk.
pub(super) struct Scenario {
    pub name: &'static str,
    pub start: Team,
    /// The calls that anybody (and the key) may try in a state.
    pub calls: fn(&Team) -> Vec<Call>,
    /// Whether overrides with an end come to their end.
    pub time_passes: bool,
    /// Seats that make no calls.
    pub silent: BTreeSet<usize>,
}

/// A scenario under a guard.
pub(super) struct Walk<G> {
    pub scenario: Scenario,
    pub guard: G,
    /// Also ask the second writing, and compare.
    pub compare: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    Calls(By, Call),
    TimePasses,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Calls(by, call) => write!(f, "{by}: {call}"),
            Self::TimePasses => f.write_str("(time passes)"),
        }
    }
}

impl<G: Guard> Model for Walk<G> {
    type State = Team;
    type Action = Step;

    fn init_states(&self) -> Vec<Team> {
        vec![self.scenario.start.clone()]
    }

    fn actions(&self, team: &Team, steps: &mut Vec<Step>) {
        if team.breach.is_some() {
            return;
        }
        let calls = (self.scenario.calls)(team);
        let people = (0..SEATS).filter(|seat| !self.scenario.silent.contains(seat));
        let key = team.key.iter().map(|_| By::Key);
        for by in people.map(By::Person).chain(key) {
            steps.extend(calls.iter().map(|call| Step::Calls(by, call.clone())));
        }
        if self.scenario.time_passes && team.now < END {
            steps.push(Step::TimePasses);
        }
    }

    fn next_state(&self, team: &Team, step: Step) -> Option<Team> {
        let Step::Calls(by, call) = step else {
            return Some(Team { now: END, ..team.clone() });
        };
        let permitted = self.guard.permits(team, by, &call);
        if self.compare {
            let second = Written { without: &[] }.permits(team, by, &call);
            if second.is_some() != permitted.is_some() {
                return Some(Team { breach: Some(Breach::WritingsDisagree), ..team.clone() });
            }
        }
        let permitted = permitted?;
        let mut after = team.clone();
        self.guard.apply(&mut after, by, permitted);
        after.breach = breach(team, &after, by, &call);
        Some(after)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("every call keeps the promises", |_, team: &Team| {
                team.breach.is_none()
            }),
            Property::always("there is exactly one owner", |_, team: &Team| {
                let owners = team.members.iter().flatten().filter(|m| m.role == Role::Owner);
                owners.count() == 1
            }),
            Property::always("a key holds no more than its creator", |walk: &Self, team: &Team| {
                key_within_creator(&walk.guard, team)
            }),
            Property::always(
                "those who act alone gain nothing together",
                |walk: &Self, team: &Team| coalition_within_start(&walk.scenario, team),
            ),
        ]
    }
}

fn key_within_creator<G: Guard>(guard: &G, team: &Team) -> bool {
    guard.key_authority(team).is_none_or(|key| {
        let seat = team.seat(By::Key);
        places().iter().all(|place| {
            let creator =
                team.members[seat].as_ref().map(|member| member.effective(place(), team.now));
            key.effective(place()).is_subset_of(creator.unwrap_or(ActSet::EMPTY))
        })
    })
}

/// While those at the silent seats do nothing, everybody else together holds no act at any place,
/// and no rank, that was not among them at the start: what was denied to all of them stays denied
/// however they invite and promote each other.
fn coalition_within_start(scenario: &Scenario, team: &Team) -> bool {
    if scenario.silent.is_empty() {
        return true;
    }
    let together = |team: &Team, place: Place, time| {
        let loud = |seat: &usize| !scenario.silent.contains(seat);
        (0..SEATS).filter(loud).filter_map(|seat| team.members[seat].as_ref()).fold(
            (None, ActSet::EMPTY),
            |(rank, acts): (Option<Role>, _), member| {
                (rank.max(Some(member.role)), acts.union(member.effective(place, time)))
            },
        )
    };
    places().iter().all(|place| {
        let (rank, acts) = together(team, place(), team.now);
        let [early, end] = [EARLY, END].map(|time| together(&scenario.start, place(), time));
        rank <= early.0 && acts.is_subset_of(early.1.union(end.1))
    })
}

/// The promise that this call broke, if it broke one.
fn breach(before: &Team, after: &Team, by: By, call: &Call) -> Option<Breach> {
    let accepting = *call == Call::AcceptInvitation;
    // An acceptance is answered for by the inviter, as they stand now.
    let giver = if accepting {
        before.person(before.invitation.as_ref()?.inviter)
    } else {
        before.authority(by)
    };
    let giver_rank = giver.as_ref().map(|giver| giver.standing.role);
    let transfer = matches!(call, Call::Transfer(_));
    let caller = before.seat(by);
    if !accepting && !may_call(before, by, call) {
        return Some(Breach::ActNotHeld);
    }
    for seat in (0..SEATS).filter(|seat| before.members[*seat] != after.members[*seat]) {
        let (was, is) = (before.members[seat].as_ref(), after.members[seat].as_ref());
        if seat == caller && raised(was, is, before) && !accepting {
            return Some(Breach::RaisedOneself);
        }
        if transfer || (seat == caller && is.is_none()) {
            continue;
        }
        if was.is_some() && was.map(|was| was.role) >= giver_rank {
            return Some(Breach::TouchedMemberNotBelow);
        }
        let given = is.map(|is| is.role);
        if given != was.map(|was| was.role) && given >= giver_rank && given.is_some() {
            return Some(Breach::GaveRoleNotBelow);
        }
        let held = |place| giver.as_ref().map_or(ActSet::EMPTY, |g| g.effective(place));
        if places().iter().any(|p| !gain(was, is, p(), before).is_subset_of(held(p()))) {
            return Some(Breach::HandedOutUnheldAct);
        }
    }
    breach_of_values(before, after, by, call)
}

/// Promises about the values of a call rather than about what they change at once.
fn breach_of_values(before: &Team, after: &Team, by: By, call: &Call) -> Option<Breach> {
    let giver = before.authority(by);
    let role = giver.as_ref().map(|giver| giver.standing.role);
    match call {
        Call::SetOverrides(target, to) => {
            let old = before.members[*target].as_ref().map(|m| m.overrides.clone());
            let giver = giver?;
            let beyond = new_grants(&old.unwrap_or_default(), to).any(|(act, place)| {
                let limit = giver.standing.role.base_rights();
                let moves = matches!(act, Act::WorkspaceDelete | Act::WorkspaceTransfer);
                moves || !limit.intersection(giver.effective(place)).contains(act)
            });
            beyond.then_some(Breach::GrantedBeyondRole)
        }
        Call::ChangeRole(target, _) => {
            let is = after.members[*target].as_ref()?;
            is.overrides
                .iter()
                .any(|one| one.effect == Effect::Grant)
                .then_some(Breach::GrantOutlivedRole)
        }
        Call::Invite(given, projects) if Some(*given) < role => {
            let (giver, overrides) = (giver?, Overrides::default());
            let (role, projects) = (*given, projects.clone());
            let newcomer = Standing { user: user(NEWCOMER), role, overrides, projects };
            let held = |place| giver.effective(place);
            let mut places = places().into_iter().map(|place| place());
            places
                .any(|p| !newcomer.effective(p, before.now).is_subset_of(held(p)))
                .then_some(Breach::HandedOutUnheldAct)
        }
        Call::Invite(..) => Some(Breach::GaveRoleNotBelow),
        Call::TakeBackInvitation => {
            let given = before.invitation.as_ref()?.role;
            (Some(given) >= role).then_some(Breach::GaveRoleNotBelow)
        }
        Call::CreateKey(scopes) => {
            let held = giver?.effective(Place::Workspace);
            (by == By::Key || !scopes.is_subset_of(held)).then_some(Breach::KeyBeyondCreator)
        }
        Call::RevokeKey => {
            let creator = before.key.as_ref()?.creator;
            let rank = before.members[creator].as_ref().map(|m| m.role);
            let touched = creator != before.seat(by) && rank.is_some() && rank >= role;
            touched.then_some(Breach::TouchedMemberNotBelow)
        }
        _ => None,
    }
}

/// Whether the caller holds the act that the call needs. Leaving needs none.
fn may_call(team: &Team, by: By, call: &Call) -> bool {
    let Some(actor) = team.authority(by) else { return false };
    let in_project = Place::Project(project());
    let (act, place) = match call {
        Call::Remove(target) if By::Person(*target) == by => return true,
        Call::Invite(..) | Call::TakeBackInvitation => (Act::MemberInvite, Place::Workspace),
        Call::AcceptInvitation => return true,
        Call::ChangeRole(..) => (Act::MemberChangeRole, Place::Workspace),
        Call::SetOverrides(..) => (Act::MemberOverride, Place::Workspace),
        Call::Remove(_) => (Act::MemberRemove, Place::Workspace),
        Call::Transfer(_) => (Act::WorkspaceTransfer, Place::Workspace),
        Call::AddToProject(_) | Call::RemoveFromProject(_) => (Act::ProjectInvite, in_project),
        Call::CreateKey(_) => (Act::KeyCreate, Place::Workspace),
        Call::RevokeKey => (Act::KeyRevoke, Place::Workspace),
    };
    actor.effective(place).contains(act)
}

fn raised(was: Option<&Standing>, is: Option<&Standing>, before: &Team) -> bool {
    is.map(|is| is.role) > was.map(|was| was.role)
        || places().iter().any(|place| !gain(was, is, place(), before).is_empty())
}

/// What the second standing holds at a place, now or at the end of time, and the first did not
/// then.
fn gain(was: Option<&Standing>, is: Option<&Standing>, place: Place, team: &Team) -> ActSet {
    let held = |one: Option<&Standing>| {
        one.map_or([ActSet::EMPTY; 2], |one| held_ever(one, place, team.now))
    };
    let ([was_now, was_late], [is_now, is_late]) = (held(was), held(is));
    is_now.difference(was_now).union(is_late.difference(was_late))
}

fn new_grants(old: &Overrides, new: &Overrides) -> impl Iterator<Item = (Act, Place)> {
    let old: Vec<_> = old.iter().copied().collect();
    let new: Vec<_> = new.iter().copied().collect();
    new.into_iter()
        .filter(move |one| one.effect == Effect::Grant && !old.contains(one))
        .map(|one| (one.act, one.project.map_or(Place::Workspace, Place::Project)))
}

/// The places named in a scenario are the ones that are judged.
#[test]
fn every_place_of_the_model_is_judged() {
    let judged: BTreeSet<Place> = places().iter().map(|place| place()).collect();
    let named = [Place::Workspace, Place::Project(project()), Place::Project(elsewhere())];
    assert_eq!(judged, BTreeSet::from(named));
}
