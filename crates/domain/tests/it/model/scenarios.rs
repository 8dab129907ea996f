//! The walks: which team starts, who calls what. Menus are small so that each walk ends; together
//! they hold every call and every kind of override.

use std::collections::BTreeSet;

use domain::authz::{Act, ActSet, Effect, Override, Overrides, Role};
use domain::{ProjectId, TimeMs};

use super::check::Scenario;
use super::team::{Call, END, SEATS, Team, elsewhere, project};

const ROLES: [Role; 4] = Role::ALL;
/// The roles that are given; that owner is not is asked for one seat.
const GIVEN: [Role; 3] = [Role::Viewer, Role::Operator, Role::Admin];
const OWNER: usize = 0;
const ADMIN: usize = 1;
const OPERATOR: usize = 2;
const VIEWER: usize = 3;
const NEWCOMER: usize = 4;

fn one(effect: Effect, act: Act, at: Option<ProjectId>, end: Option<TimeMs>) -> Override {
    Override { act, effect, project: at, expires_at_ms: end }
}

fn grant(act: Act) -> Override {
    one(Effect::Grant, act, None, None)
}

fn deny(act: Act) -> Override {
    one(Effect::Deny, act, None, None)
}

fn list(overrides: &[Override]) -> Overrides {
    Overrides::new(overrides.to_vec()).expect("a short list")
}

fn only(seat: usize, overrides: &[Override]) -> impl Fn(usize) -> Overrides {
    let overrides = list(overrides);
    move |at| if at == seat { overrides.clone() } else { Overrides::default() }
}

fn seats() -> impl Iterator<Item = usize> {
    0..SEATS
}

fn role_calls(team: &Team) -> Vec<Call> {
    let mut calls: Vec<Call> = seats()
        .flat_map(|seat| GIVEN.map(|role| Call::ChangeRole(seat, role)))
        .chain([Call::ChangeRole(ADMIN, Role::Owner)])
        .collect();
    calls.extend(seats().map(Call::Remove));
    calls.extend([OWNER, VIEWER].map(Call::Transfer));
    if team.invitation.is_some() {
        calls.extend([Call::TakeBackInvitation, Call::AcceptInvitation]);
    } else {
        calls.extend(ROLES.map(|role| Call::Invite(role, BTreeSet::new())));
    }
    calls
}

/// Invite, take back, accept, change role, leave, remove, transfer; the operator may do an admin's
/// part of it.
pub(super) fn roles() -> Scenario {
    let acts = [Act::MemberInvite, Act::MemberChangeRole, Act::MemberRemove].map(grant);
    Scenario {
        name: "roles and invitations",
        start: Team::new(only(OPERATOR, &acts)),
        calls: role_calls,
        time_passes: false,
        silent: BTreeSet::new(),
    }
}

fn override_menu() -> Vec<Overrides> {
    let reveal = Act::SecretReveal;
    vec![
        Overrides::default(),
        list(&[grant(Act::MemberOverride), one(Effect::Grant, reveal, None, Some(END))]),
        list(&[one(Effect::Deny, Act::SecretSet, Some(project()), None), deny(reveal)]),
        list(&[one(Effect::Deny, Act::SecretSet, None, Some(END))]),
        list(&[grant(Act::WorkspaceTransfer)]),
    ]
}

fn override_calls(_: &Team) -> Vec<Call> {
    let mut calls: Vec<Call> = seats()
        .filter(|seat| *seat < NEWCOMER)
        .flat_map(|seat| {
            let overrides = override_menu().into_iter().map(move |to| Call::SetOverrides(seat, to));
            overrides.chain(ROLES.map(|role| Call::ChangeRole(seat, role)))
        })
        .collect();
    calls.push(Call::Transfer(ADMIN));
    calls
}

/// Grants and denies, everywhere and in a project, with and without an end; roles change and time
/// passes.
pub(super) fn overrides() -> Scenario {
    Scenario {
        name: "overrides",
        start: Team::new(|_| Overrides::default()),
        calls: override_calls,
        time_passes: true,
        silent: BTreeSet::new(),
    }
}

fn key_calls(_: &Team) -> Vec<Call> {
    let scopes = [
        ActSet::ALL,
        ActSet::of(&[Act::MemberInvite, Act::MemberChangeRole, Act::KeyCreate, Act::KeyRevoke]),
        Role::Operator.base_rights().union(ActSet::of(&[Act::MemberChangeRole])),
        ActSet::of(&[Act::SecretList]),
    ];
    let mut calls: Vec<Call> = seats()
        .filter(|seat| *seat < NEWCOMER)
        .flat_map(|seat| ROLES.map(|role| Call::ChangeRole(seat, role)))
        .collect();
    calls.extend(seats().map(Call::Remove));
    calls.extend([Call::Transfer(ADMIN), Call::RevokeKey]);
    calls.extend(scopes.map(Call::CreateKey));
    calls.push(Call::SetOverrides(ADMIN, list(&[deny(Act::SecretSet)])));
    calls
}

/// Keys made, used for every call, revoked, while their creators rise, fall and leave.
pub(super) fn keys() -> Scenario {
    Scenario {
        name: "keys",
        start: Team::new(|_| Overrides::default()),
        calls: key_calls,
        time_passes: false,
        silent: BTreeSet::new(),
    }
}

fn project_calls(team: &Team) -> Vec<Call> {
    let delegated = list(&[grant(Act::ProjectInvite), grant(Act::MemberInvite)]);
    let denied = list(&[one(Effect::Deny, Act::SecretSet, Some(project()), None)]);
    let rich = list(&[grant(Act::SecretReveal)]);
    let mut calls: Vec<Call> = seats()
        .flat_map(|seat| [Call::AddToProject(seat), Call::RemoveFromProject(seat)])
        .collect();
    calls.extend([ADMIN, OPERATOR].map(|seat| Call::SetOverrides(seat, denied.clone())));
    calls.extend([OPERATOR, VIEWER].map(|seat| Call::SetOverrides(seat, rich.clone())));
    calls.push(Call::SetOverrides(OPERATOR, delegated));
    calls.push(Call::ChangeRole(VIEWER, Role::Operator));
    if team.invitation.is_some() {
        calls.extend([Call::TakeBackInvitation, Call::AcceptInvitation]);
    } else {
        let places = [BTreeSet::new(), BTreeSet::from([project()]), BTreeSet::from([elsewhere()])];
        calls.extend(places.map(|projects| Call::Invite(Role::Viewer, projects)));
        calls.push(Call::Invite(Role::Operator, BTreeSet::from([project()])));
    }
    calls
}

/// In and out of projects, and invited straight into them, by admins and by an operator who may
/// invite.
pub(super) fn projects() -> Scenario {
    Scenario {
        name: "projects",
        start: Team::new(|_| Overrides::default()),
        calls: project_calls,
        time_passes: false,
        silent: BTreeSet::new(),
    }
}

fn silent_calls(team: &Team) -> Vec<Call> {
    let menu = [
        Overrides::default(),
        list(&[grant(Act::MemberOverride), grant(Act::MemberInvite)]),
        list(&[grant(Act::SecretReveal)]),
    ];
    let mut calls: Vec<Call> =
        (1..SEATS).flat_map(|seat| menu.clone().map(|to| Call::SetOverrides(seat, to))).collect();
    calls.extend((1..SEATS).flat_map(|seat| {
        [Role::Viewer, Role::Operator, Role::Admin].map(|role| Call::ChangeRole(seat, role))
    }));
    calls.extend([OPERATOR, VIEWER, NEWCOMER].map(Call::Remove));
    calls.extend([VIEWER, NEWCOMER].map(Call::AddToProject));
    calls.extend([Call::RemoveFromProject(VIEWER), Call::Transfer(ADMIN)]);
    if team.invitation.is_some() {
        calls.push(Call::AcceptInvitation);
    } else {
        calls.extend(ROLES.map(|role| Call::Invite(role, BTreeSet::from([project()]))));
    }
    if team.key.is_none() {
        let invites = [Act::MemberInvite, Act::MemberChangeRole, Act::ProjectInvite];
        calls.push(Call::CreateKey(ActSet::of(&invites)));
    }
    calls
}

fn silent(name: &'static str, admin: &[Override], operator: &[Override]) -> Scenario {
    let mut start = Team::new(only(ADMIN, admin));
    if let Some(member) = &mut start.members[OPERATOR] {
        member.overrides = list(operator);
    }
    Scenario {
        name,
        start,
        calls: silent_calls,
        time_passes: false,
        silent: BTreeSet::from([OWNER]),
    }
}

/// The owner denied the admin what only admins do, and sleeps. The operator may invite.
pub(super) fn silent_owner() -> Scenario {
    let denied = [Act::SecretReveal, Act::AuditExport].map(deny);
    silent("a silent owner", &denied, &[grant(Act::MemberInvite)])
}

/// The owner denied the admin *and* the operator what operators do, and sleeps: no operator can be
/// made then.
pub(super) fn denied_act() -> Scenario {
    let denied = [deny(Act::SecretDelete)];
    silent("a silent owner and a denied act", &denied, &denied)
}
